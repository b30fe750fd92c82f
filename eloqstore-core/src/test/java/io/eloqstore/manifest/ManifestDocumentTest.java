/*
 * Licensed under the Apache License, Version 2.0.
 */
package io.eloqstore.manifest;

import static org.assertj.core.api.Assertions.assertThat;

import io.eloqstore.manifest.ManifestFixture.Model;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

/** The hex blocks of the format document are what the code writes and reads. */
class ManifestDocumentTest {
  private static final Path DOCUMENT = Path.of("../docs/format/manifest.md");

  private static Map<String, String> blocks() throws IOException {
    Map<String, String> blocks = new LinkedHashMap<>();
    String name = null;
    for (String line : Files.readAllLines(DOCUMENT)) {
      if (line.startsWith("```")) {
        name = line.startsWith("```hex ") ? line.substring(7).strip() : null;
      } else if (name != null) {
        blocks.merge(name, line.split(";")[0].replace(" ", ""), String::concat);
      }
    }
    return blocks;
  }

  private static String hex(byte[] bytes) {
    return ManifestFixture.hex(bytes, 0, bytes.length);
  }

  @Test
  void recordsOfTheDocumentAreWrittenAndRead() throws IOException {
    Map<String, String> blocks = blocks();
    assertThat(blocks).containsOnlyKeys("snapshot", "log", "own-log", "extension", "image");
    Model first = new Model(1, -1, Map.of(0, 0L, 1, 1L), null);
    Model second = new Model(1, -1, Map.of(0, 2L, 1, 1L), null);
    try (ManifestFixture fixture = new ManifestFixture()) {
      byte[] written = fixture.manifest(first, second);
      assertThat(ManifestFixture.hex(written, 0, 45)).isEqualTo(blocks.get("snapshot"));
      assertThat(ManifestFixture.hex(written, 4096, 4096 + 41)).isEqualTo(blocks.get("own-log"));
      byte[] log = ManifestFixture.bytes(blocks.get("log"));
      byte[] both = Arrays.copyOf(written, 4096 + log.length);
      System.arraycopy(log, 0, both, 4096, log.length);
      assertThat(fixture.model(both)).isEqualTo(second);
    }
  }

  @Test
  void extensionOfTheDocumentIsReadAndWritten() throws IOException {
    String block = blocks().get("extension");
    ManifestExtension found = ManifestExtension.decode(ManifestFixture.bytes(block), "document", 0);
    assertThat(hex(found.encode())).isEqualTo(block);
    assertThat(found.sequence()).isEqualTo(42);
    assertThat(found.metadata().get("of")).containsExactly(7);
  }

  @Test
  void imageOfTheDocumentIsReadAndWritten() throws IOException {
    String block = blocks().get("image");
    ManifestImage image =
        new ManifestImage(
            8192, 2, 0x0123456789abcdefL, 3, List.of(new ManifestImage.DataFileLength(7, 0, 4096)));
    assertThat(hex(image.encode())).isEqualTo(block);
    assertThat(ManifestImage.decode(ManifestFixture.bytes(block), "document")).isEqualTo(image);
  }
}
