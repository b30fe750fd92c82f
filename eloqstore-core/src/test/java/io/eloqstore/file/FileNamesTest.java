/*
 * Licensed under the Apache License, Version 2.0.
 */
package io.eloqstore.file;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * Names are read strictly: each accepted one is built again exactly, its neighbours are refused.
 */
class FileNamesTest {
  private static final String LONG_MAX = "9223372036854775807";
  private static final String UNSIGNED_MAX = "18446744073709551615";

  @Test
  void namesOfTheFormatAreTakenApart() {
    assertThat(FileNames.parse("data_0_0")).isEqualTo(new FileName.Data(0, 0));
    assertThat(FileNames.parse("data_12_7")).isEqualTo(new FileName.Data(12, 7));
    assertThat(FileNames.parse("manifest_0")).isEqualTo(new FileName.Manifest(0));
    assertThat(FileNames.parse("manifest_3_1795393395322602"))
        .isEqualTo(new FileName.Archive(3, 1795393395322602L));
    assertThat(FileNames.parse("manifest_3.tmp"))
        .isEqualTo(new FileName.Temporary(new FileName.Manifest(3)));
    assertThat(FileNames.parse("manifest_3_9.tmp"))
        .isEqualTo(new FileName.Temporary(new FileName.Archive(3, 9)));
    assertThat(FileNames.parse(FileNames.LOCK)).isEqualTo(new FileName.Lock());
  }

  @Test
  void numbersUpToTheLargestAreAccepted() {
    assertThat(FileNames.parse("manifest_" + LONG_MAX))
        .isEqualTo(new FileName.Manifest(Long.MAX_VALUE));
    assertThat(FileNames.parse("manifest_" + UNSIGNED_MAX)).isEqualTo(new FileName.Manifest(-1));
    assertThat(FileNames.parse("manifest_0_" + UNSIGNED_MAX))
        .isEqualTo(new FileName.Archive(0, -1));
    assertThat(FileNames.parse("data_" + FileNames.FILE_ID_MAX + "_" + UNSIGNED_MAX))
        .isEqualTo(new FileName.Data(FileNames.FILE_ID_MAX, -1));
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "data_0_0",
        "data_1_10",
        "data_10_18446744073709551615",
        "data_2305843009213693951_1",
        "data_4_0.tmp",
        "manifest_0",
        "manifest_18446744073709551615",
        "manifest_0_0",
        "manifest_1_18446744073709551615",
        "manifest_1.tmp",
        "manifest_1_2.tmp",
        "eloqstore.lock"
      })
  void whatIsReadIsBuiltAgain(String name) {
    FileName parsed = FileNames.parse(name);
    assertThat(parsed).isNotInstanceOf(FileName.Unknown.class);
    assertThat(parsed.text()).isEqualTo(name);
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "",
        "data",
        "data_",
        "data_0",
        "data_7",
        "data__0",
        "data_0_",
        "data_0_0_0",
        "data_00_0",
        "data_0_00",
        "data_01_0",
        "data_+1_0",
        "data_-1_0",
        "data_ 1_0",
        "data_1_ 0",
        "data_1_0 ",
        "data_1_0x",
        "data_0x1_0",
        "data_\u0661_0",
        "Data_1_0",
        "xdata_1_0",
        "data_2305843009213693952_0",
        "data_18446744073709551615_0",
        "data_1_18446744073709551616",
        "data_1_99999999999999999999",
        "data_1_100000000000000000000",
        "manifest",
        "manifest_",
        "manifest_01",
        "manifest_-1",
        "manifest_+1",
        "manifest_1_",
        "manifest__1",
        "manifest_1_2_3",
        "manifest_1_02",
        "manifest_18446744073709551616",
        "manifest.tmp",
        "manifest_1.tmp.tmp",
        "manifest_1.TMP",
        "data_1.tmp",
        ".tmp",
        "eloqstore.lock.tmp",
        "CURRENT_TERM",
        "lost+found"
      })
  void whatIsNearlyAName(String name) {
    assertThat(FileNames.parse(name)).isEqualTo(new FileName.Unknown(name));
  }

  @Test
  void namesAreBuilt() {
    assertThat(FileNames.data(5, 0)).isEqualTo("data_5_0");
    assertThat(FileNames.manifest(-1)).isEqualTo("manifest_" + UNSIGNED_MAX);
    assertThat(FileNames.archive(1, 2)).isEqualTo("manifest_1_2");
    assertThat(FileNames.temporary("manifest_1")).isEqualTo("manifest_1.tmp");
    assertThatThrownBy(() -> FileNames.temporary("manifest_1.tmp"))
        .isInstanceOf(IllegalArgumentException.class);
    assertThatThrownBy(() -> FileNames.temporary("other"))
        .isInstanceOf(IllegalArgumentException.class);
    assertThatThrownBy(() -> FileNames.data(-1, 0)).isInstanceOf(IllegalArgumentException.class);
    assertThatThrownBy(() -> FileNames.data(FileNames.FILE_ID_MAX + 1, 0))
        .isInstanceOf(IllegalArgumentException.class);
  }

  /** Every file in the stores written by the C++ engine has a name of ours. */
  @Test
  void everyGoldenFileIsKnown() throws IOException {
    Path golden = Path.of("src/test/resources/golden");
    try (Stream<Path> paths = Files.walk(golden)) {
      List<String> names =
          paths
              .filter(path -> Files.isRegularFile(path) && path.toString().contains("/data/"))
              .map(path -> path.getFileName().toString())
              .toList();
      assertThat(names).hasSizeGreaterThan(20);
      assertThat(names).noneMatch(name -> FileNames.parse(name) instanceof FileName.Unknown);
    }
  }
}
