/*
 * Licensed under the Apache License, Version 2.0.
 */
package io.eloqstore.benchmarks.engine;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.eloqstore.benchmarks.Figures;
import io.eloqstore.benchmarks.Machine;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Smoke mode of random reads: little data; a script stands for fio. */
class ReadsTableTest {
  private static final Machine MACHINE = new Machine("a cpu", 2, "a system", "a jdk", "abc");

  /** The beginning of a line that fio printed. */
  private static final String TERSE = "3;fio-3.33;reads;0;0;400;80000;20000;5;4;9;5.0;1.0";

  @TempDir Path directory;

  @Test
  void smokeRunOfPairs() throws Exception {
    Fio fio = Fio.find(script("echo '" + TERSE + "'").toString()).orElseThrow();
    Figures<Integer, ReadColumn> figures = measured(Optional.of(fio));
    assertThat(figures.spread(2, ReadColumn.FIO).orElseThrow().median()).isEqualTo(20_000);
    assertThat(figures.ratio(2, ReadColumn.READS, ReadColumn.FIO)).isPresent();
    assertThat(Files.readString(directory.resolve("reads.md")))
        .contains("| 20,000 (20,000 - 20,000) | ")
        .contains("- fio: " + TERSE + "\n");
  }

  @Test
  void eachGetReadsOnePageUnlessItIsCached() throws Exception {
    try (RandomReads reads = RandomReads.load(16 << 20, 2 << 20)) {
      double readsPerGet = 0;
      for (int i = 0; i < 200; i++) {
        // No time: one get.
        readsPerGet += reads.run(1, 0).readsPerGet() / 200;
      }
      assertThat(readsPerGet).as("a tenth of the pages is cached").isBetween(0.75, 1.0);
      assertThat(reads.files()).hasSize(1);
    }
  }

  @Test
  void withoutFioOnlyOursIsMeasured() throws Exception {
    assertThat(Fio.find(directory.resolve("no-such-program").toString())).isEmpty();
    Figures<Integer, ReadColumn> figures = measured(Optional.empty());
    assertThat(figures.spread(1, ReadColumn.GETS)).isPresent();
    assertThat(figures.spread(1, ReadColumn.FIO)).isEmpty();
    assertThat(Files.readString(directory.resolve("reads.md")))
        .contains(" | - | - |\n")
        .contains("- fio: not installed\n");
  }

  @Test
  void fioThatFailsIsAnError() throws Exception {
    assertThatThrownBy(() -> Fio.parse(TERSE.replace("reads;0;0", "reads;0;5")))
        .isInstanceOf(IOException.class)
        .hasMessageContaining("fio failed with 5");
    assertThatThrownBy(() -> Fio.parse("note: something\n"))
        .isInstanceOf(IOException.class)
        .hasMessageContaining("note: something");
    Fio fio = Fio.find(script("[ \"$1\" = --version ]").toString()).orElseThrow();
    assertThatThrownBy(() -> fio.readsPerSecond(List.of(directory), 1, 1))
        .isInstanceOf(IOException.class)
        .hasMessageContaining("ended with 1");
  }

  @Test
  void plan() {
    ReadsPlan full = ReadsPlan.parse(Path.of("root"), "--threads", "2,8", "--ms", "10");
    assertThat(full.threads()).isEqualTo(List.of(2, 8));
    assertThat(full.durationMs()).isEqualTo(10);
    assertThat(full.dataBytes()).isEqualTo(4L << 30);
    assertThat(full.output()).isEqualTo(Path.of("root/docs/benchmarks/reads.md"));
    assertThatThrownBy(() -> ReadsPlan.parse(Path.of("root"), "--quick"))
        .isInstanceOf(IllegalArgumentException.class);
  }

  private Figures<Integer, ReadColumn> measured(Optional<Fio> fio) throws Exception {
    ReadsPlan plan =
        ReadsPlan.parse(
            directory,
            "--smoke",
            "--rounds",
            "2",
            "--ms",
            "1",
            "--output",
            directory.resolve("reads.md").toString());
    return ReadsTable.measured(plan, MACHINE, fio);
  }

  private Path script(String body) throws IOException {
    Path script = directory.resolve("fio");
    Files.writeString(script, "#!/bin/sh\n" + body + "\n");
    return Files.setPosixFilePermissions(script, PosixFilePermissions.fromString("rwx------"));
  }
}
