/*
 * Licensed under the Apache License, Version 2.0.
 */
package io.eloqstore.flink;

import static org.assertj.core.api.Assertions.assertThat;

import io.eloqstore.flink.config.EloqStoreOptions;
import java.lang.reflect.Field;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.apache.flink.configuration.ConfigOption;
import org.apache.flink.configuration.description.HtmlFormatter;
import org.junit.jupiter.api.Test;

/**
 * The tables of options in {@code docs/flink.md} are made from the options: {@code -Dtest=
 * OptionsDocTest -Dtest.jvm.flags=-Deloqstore.docs.write=true} writes them.
 */
class OptionsDocTest {
  private static final Path DOC = Path.of("..", "docs", "flink.md");
  private static final String BEGIN = "<!-- options: made by OptionsDocTest -->\n";
  private static final String END = "<!-- end of options -->\n";
  private static final int FIRST = 3;

  @Test
  void tablesSayWhatTheOptionsSay() throws Exception {
    String doc = Files.readString(DOC);
    int begin = doc.indexOf(BEGIN) + BEGIN.length();
    int end = doc.indexOf(END);
    assertThat(begin).isGreaterThanOrEqualTo(BEGIN.length());
    assertThat(end).isGreaterThanOrEqualTo(begin);
    if (Boolean.getBoolean("eloqstore.docs.write")) {
      Files.writeString(DOC, doc.substring(0, begin) + tables() + doc.substring(end));
      return;
    }
    assertThat(doc.substring(begin, end)).isEqualTo(tables());
  }

  @Test
  void everyOptionIsListed() throws Exception {
    List<ConfigOption<?>> declared = new ArrayList<>();
    for (Field field : EloqStoreOptions.class.getFields()) {
      if (field.getType() == ConfigOption.class) {
        declared.add((ConfigOption<?>) field.get(null));
      }
    }
    assertThat(EloqStoreOptions.all()).containsExactlyInAnyOrderElementsOf(declared);
  }

  private static String tables() {
    List<ConfigOption<?>> options = EloqStoreOptions.all();
    return "The three that matter:\n\n"
        + table(options.subList(0, FIRST))
        + "\nThe others:\n\n"
        + table(options.subList(FIRST, options.size()));
  }

  private static String table(List<ConfigOption<?>> options) {
    StringBuilder table = new StringBuilder("| key | default | what it does |\n|---|---|---|\n");
    for (ConfigOption<?> option : options) {
      table
          .append("| `")
          .append(option.key())
          .append("` | ")
          .append(option.hasDefaultValue() ? "`" + option.defaultValue() + "`" : "(none)")
          .append(" | ")
          .append(new HtmlFormatter().format(option.description()))
          .append(" |\n");
    }
    return table.toString();
  }
}
