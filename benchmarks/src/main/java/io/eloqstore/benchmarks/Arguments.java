/*
 * Licensed under the Apache License, Version 2.0.
 */
package io.eloqstore.benchmarks;

import java.nio.file.Path;
import java.util.Arrays;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.regex.Pattern;

/**
 * What was said behind the name of a benchmark: flags, and options with a value behind them.
 *
 * <p>Everything that is wrong with them is an {@link IllegalArgumentException} whose message is for
 * the user.
 */
public final class Arguments {
  private static final long MINUTE_MS = 60_000;

  private final Set<String> flags = new HashSet<>();
  private final Map<String, String> options = new HashMap<>();

  private Arguments() {}

  /**
   * @param flags the words that may stand alone
   * @param options the words that have a value
   */
  public static Arguments parse(Set<String> flags, Set<String> options, String... words) {
    Arguments arguments = new Arguments();
    for (int i = 0; i < words.length; i++) {
      String word = words[i];
      if (flags.contains(word)) {
        arguments.flags.add(word);
      } else if (options.contains(word) && i + 1 < words.length) {
        arguments.options.put(word, words[++i]);
      } else {
        throw new IllegalArgumentException("not understood: " + word);
      }
    }
    return arguments;
  }

  public boolean has(String flag) {
    return flags.contains(flag);
  }

  /** A number above 0. */
  public int count(String option, int otherwise) {
    String value = options.get(option);
    return value == null ? otherwise : count(option, value);
  }

  /** Numbers above 0 with commas between them. */
  public List<Integer> counts(String option, List<Integer> otherwise) {
    String value = options.get(option);
    return value == null
        ? otherwise
        : Arrays.stream(value.split(",", -1)).map(part -> count(option, part)).toList();
  }

  /** Given in whole minutes, answered in milliseconds. */
  public long minutesMs(String option, long otherwiseMs) {
    String value = options.get(option);
    return value == null ? otherwiseMs : count(option, value) * MINUTE_MS;
  }

  /** Without the option, a pattern that is found everywhere. */
  public Pattern pattern(String option) {
    return Pattern.compile(options.getOrDefault(option, ""));
  }

  public String text(String option, String otherwise) {
    return options.getOrDefault(option, otherwise);
  }

  public Path path(String option, Path otherwise) {
    String value = options.get(option);
    return value == null ? otherwise : Path.of(value).toAbsolutePath();
  }

  private static int count(String option, String value) {
    try {
      int count = Integer.parseInt(value);
      if (count > 0) {
        return count;
      }
    } catch (NumberFormatException e) {
      throw new IllegalArgumentException(option + " needs a number, found " + value, e);
    }
    throw new IllegalArgumentException(option + " must be above 0, found " + value);
  }
}
