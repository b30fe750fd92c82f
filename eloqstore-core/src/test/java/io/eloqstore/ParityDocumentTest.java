/*
 * Licensed under the Apache License, Version 2.0.
 */
package io.eloqstore;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

/** Every test that docs/parity.md names exists, and every row names one or says why not. */
class ParityDocumentTest {
  private static final Path DOCUMENT = Path.of("../docs/parity.md");
  private static final List<Path> SOURCES =
      List.of(Path.of("src/test/java"), Path.of("../flink-statebackend/src/test/java"));
  private static final Pattern NAMED = Pattern.compile("`([A-Z]\\w*Test)(?:\\.(\\w+))?`");

  /** Text of each test class, several for a name that both modules have. */
  private static Map<String, String> testClasses() throws IOException {
    Map<String, String> classes = new HashMap<>();
    for (Path source : SOURCES) {
      try (Stream<Path> files = Files.walk(source)) {
        for (Path file : files.filter(each -> each.toString().endsWith("Test.java")).toList()) {
          String name = file.getFileName().toString().replace(".java", "");
          classes.merge(name, Files.readString(file), String::concat);
        }
      }
    }
    assertThat(hasTest(classes.get("ParityDocumentTest"), "everyTestThatIsNamedExists")).isTrue();
    assertThat(hasTest(classes.get("ParityDocumentTest"), "rows")).as("no test").isFalse();
    return classes;
  }

  private static boolean hasTest(String text, String method) {
    return Pattern.compile(
            "@(?:Parameterized)?Test\\b[^{};]*(?:\\{[^}]*}[^{};]*)?\\bvoid " + method + "\\(")
        .matcher(text)
        .find();
  }

  /** Cells of each row of each table that has a column of tests. */
  private static List<List<String>> rows() throws IOException {
    List<List<String>> rows = new ArrayList<>();
    for (String line : Files.readAllLines(DOCUMENT)) {
      if (line.startsWith("|") && !line.startsWith("|---")) {
        rows.add(
            Arrays.stream(line.substring(1, line.length() - 1).split("\\|", -1))
                .map(String::strip)
                .toList());
      }
    }
    return rows;
  }

  @Test
  void everyTestThatIsNamedExists() throws IOException {
    Map<String, String> classes = testClasses();
    List<String> missing = new ArrayList<>();
    int named = 0;
    Matcher matcher = NAMED.matcher(Files.readString(DOCUMENT));
    while (matcher.find()) {
      named++;
      String text = classes.get(matcher.group(1));
      if (text == null || matcher.group(2) != null && !hasTest(text, matcher.group(2))) {
        missing.add(matcher.group());
      }
    }
    assertThat(missing).isEmpty();
    assertThat(named).isGreaterThan(100);
  }

  /** A name in a shorter form would not be checked above. */
  @Test
  void everyRowNamesATestOrSaysWhyThereIsNone() throws IOException {
    List<List<String>> rows = rows();
    assertThat(rows).hasSizeGreaterThan(100);
    for (List<String> row : rows) {
      assertThat(row).as("%s", row).hasSize(3);
      String last = row.get(2);
      if (!last.equals("test")) {
        assertThat(NAMED.matcher(last).find() || last.matches("(?s).*\\bno( test)?, because .+"))
            .as("%s", row)
            .isTrue();
        assertThat(last).as("%s", row).doesNotContain("`.");
      }
    }
  }
}
