/*
 * Licensed under the Apache License, Version 2.0.
 */
package io.eloqstore.manifest;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.eloqstore.api.CorruptionException;
import io.eloqstore.api.StoreErrorCode;
import io.eloqstore.api.StoreException;
import io.eloqstore.codec.ManifestChecksum;
import io.eloqstore.manifest.ManifestFixture.Model;
import io.eloqstore.memory.MemoryUse;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Damage is found wherever it is; only a torn last record of a running store is forgiven. */
class ManifestDamageTest {
  private static final Model[] MODELS = {
    new Model(1, -1, Map.of(0, 0L, 1, 1L), ManifestExtension.of(ManifestFixture.OPTIONS)),
    new Model(1, 2, Map.of(0, 2L, 1, 1L, 2, 40L), null),
    new Model(0, -1, Map.of(0, 3L), ManifestExtension.of(ManifestFixture.OPTIONS)),
  };

  private static int recordBytes(byte[] manifest, int offset) {
    return 20 + ByteBuffer.wrap(manifest).order(ByteOrder.LITTLE_ENDIAN).getInt(offset + 16);
  }

  @Test
  void everyBitOfEveryRecordButTheLastIsProtectedAndTheLastFallsBackToTheOneBefore() {
    try (ManifestFixture fixture = new ManifestFixture()) {
      byte[] bytes = fixture.manifest(MODELS);
      assertThat(bytes).hasSize(3 * 4096);
      for (int record = 0; record < 3; record++) {
        int end = record * 4096 + recordBytes(bytes, record * 4096);
        for (int at = record * 4096; at < end; at++) {
          byte[] damaged = bytes.clone();
          damaged[at] ^= (byte) (1 << at % 8);
          if (record < 2) {
            assertThat(fixture.refusal(damaged))
                .as("byte %d", at)
                .isInstanceOf(CorruptionException.class)
                .hasMessageContaining("at offset " + record * 4096);
          } else {
            assertThat(fixture.model(damaged)).as("byte %d", at).isEqualTo(MODELS[1]);
          }
        }
        byte[] padding = bytes.clone();
        padding[end] ^= 1;
        assertThat(fixture.model(padding)).isEqualTo(MODELS[2]);
      }
    }
  }

  @Test
  void truncatedManifestFallsBackToItsLastWholeRecord() {
    try (ManifestFixture fixture = new ManifestFixture()) {
      byte[] bytes = fixture.manifest(MODELS);
      for (int length = 0; length <= bytes.length; length += 512) {
        byte[] cut = Arrays.copyOf(bytes, length);
        int whole = 0;
        while (whole < 3 && whole * 4096 + recordBytes(bytes, whole * 4096) <= length) {
          whole++;
        }
        if (whole == 0) {
          assertThat(fixture.refusal(cut))
              .as("length %d", length)
              .isInstanceOf(CorruptionException.class);
        } else {
          assertThat(fixture.model(cut)).as("length %d", length).isEqualTo(MODELS[whole - 1]);
          assertThat(fixture.read(cut).extent().length()).isEqualTo(whole * 4096L);
        }
      }
    }
  }

  @Test
  void hugeLengthIsNotBelieved() {
    try (ManifestFixture fixture = new ManifestFixture()) {
      byte[] bytes = fixture.manifest(MODELS);
      fixture.budget.setLimit(MemoryUse.IO, 1 << 18);
      for (int record = 0; record < 3; record++) {
        for (int length : new int[] {-1, Integer.MAX_VALUE, Integer.MIN_VALUE, 1 << 20}) {
          byte[] damaged = bytes.clone();
          ByteBuffer.wrap(damaged)
              .order(ByteOrder.LITTLE_ENDIAN)
              .putInt(record * 4096 + 16, length);
          if (record < 2) {
            assertThat(fixture.refusal(damaged)).isInstanceOf(CorruptionException.class);
          } else {
            assertThat(fixture.model(damaged)).isEqualTo(MODELS[1]);
          }
        }
      }
    }
  }

  @Test
  void garbageBehindTheRecordsIsReportedAndIgnored() {
    try (ManifestFixture fixture = new ManifestFixture()) {
      byte[] bytes = Arrays.copyOf(fixture.manifest(MODELS), 3 * 4096 + 40_000);
      Arrays.fill(bytes, 3 * 4096, bytes.length, (byte) 0x13);
      ManifestState state = fixture.read(bytes);
      assertThat(state.extent().tornBytes()).isEqualTo(40_000);
      assertThat(fixture.model(bytes)).isEqualTo(MODELS[2]);
    }
  }

  @Test
  void imageIsReadExactlyOrNotAtAll() {
    try (ManifestFixture fixture = new ManifestFixture()) {
      byte[] bytes = fixture.manifest(MODELS);
      byte[] two = Arrays.copyOf(bytes, 2 * 4096);
      ManifestExtent extent = fixture.read(two).extent();
      ManifestImage image = ManifestImage.of(extent, List.of());
      for (byte[] enough : List.of(two, bytes)) {
        ManifestState state = image(fixture, enough, image);
        assertThat(state.rootPage()).isEqualTo(1);
        assertThat(state.extent().length()).isEqualTo(2 * 4096);
        assertThat(state.extent().rollFirst()).isTrue();
        try (ManifestWriter writer = ManifestWriter.resume(fixture.target(1 << 20), state)) {
          assertThat(fixture.commit(writer, MODELS[2]).records()).isEqualTo(1);
        }
        state.mapping().release();
      }
      for (int length = 0; length < 4096 + recordBytes(two, 4096); length += 64) {
        imageRefused(fixture, Arrays.copyOf(two, length), image);
      }
      for (int at = 0; at < 4096 + recordBytes(two, 4096); at += 4096) {
        byte[] damaged = two.clone();
        damaged[at + 9] ^= 1;
        imageRefused(fixture, damaged, image);
      }
      byte[] other = Arrays.copyOf(fixture.manifest(MODELS[0], MODELS[2]), 2 * 4096);
      imageRefused(fixture, other, image);
      imageRefused(fixture, bytes, new ManifestImage(8192, 3, extent.checksum(), 1, List.of()));
      imageRefused(fixture, bytes, new ManifestImage(8192, 1, extent.checksum(), 1, List.of()));
      imageRefused(fixture, bytes, new ManifestImage(4096, 2, extent.checksum(), 1, List.of()));
      imageRefused(fixture, two, new ManifestImage(12288, 2, extent.checksum(), 1, List.of()));
    }
  }

  private static ManifestState image(ManifestFixture fixture, byte[] bytes, ManifestImage image) {
    try (var file = fixture.open(bytes)) {
      return fixture.reader.readImage(file, image);
    }
  }

  private static void imageRefused(ManifestFixture fixture, byte[] bytes, ManifestImage image) {
    assertThatThrownBy(() -> image(fixture, bytes, image))
        .as("%d bytes", bytes.length)
        .isInstanceOf(CorruptionException.class);
  }

  /** A record with a valid checksum, whatever it says. */
  private static byte[] record(ManifestFixture fixture, int root, String payloadHex) {
    byte[] payload = ManifestFixture.bytes(payloadHex);
    byte[] record =
        ByteBuffer.allocate(20 + payload.length)
            .order(ByteOrder.LITTLE_ENDIAN)
            .putLong(0)
            .putInt(root)
            .putInt(-1)
            .putInt(payload.length)
            .put(payload)
            .array();
    long at = fixture.budget.allocate(4096, MemoryUse.IO);
    fixture.budget.arena().put(at, record, 0, record.length);
    ManifestChecksum checksum = new ManifestChecksum();
    checksum.update(fixture.budget.arena(), at + 8, record.length - 8);
    fixture.budget.free(at, 4096, MemoryUse.IO);
    ByteBuffer.wrap(record).order(ByteOrder.LITTLE_ENDIAN).putLong(0, checksum.value());
    return record;
  }

  private static final String TERMS = "0d0000000000feffffffffffffffff0100";

  @ParameterizedTest
  @CsvSource({
    "0, 020002000000 0109, CORRUPTED, ok",
    "0, 020002000000 0111, CORRUPTED, ok",
    "0, 020002000000 010a, CORRUPTED, ok",
    "0, 020002000000 0107, CORRUPTED, ok",
    "0, 020002000000 0101, CORRUPTED, one logical page",
    "0, 020002000000 0108, CORRUPTED, mapping value",
    "0, 020002000000 010b, CORRUPTED, mapping value",
    "0, 020002000000 010f, CORRUPTED, mapping value",
    "0, 020002000000 0189, CORRUPTED, end of the mapping",
    "0, 0200ff000000 0109, CORRUPTED, length of the mapping",
    "0, 02ff02000000 0109, CORRUPTED, length of the dictionary",
    "0, 02ffffffffffff0002000000 0109, CORRUPTED, varint",
    "0, ffffffffffffffffffffff0002000000 0109, CORRUPTED, varint",
    "1, 020002000000 0107, CORRUPTED, root page",
    "2, 020002000000 0109, CORRUPTED, root page",
    "-5, 020002000000 0109, CORRUPTED, root page",
    "0, 020003000000 018101, CORRUPTED, term of data file 1",
    "0, 020007000000 81808080808002, UNSUPPORTED_FORMAT, file page",
  })
  void recordsThatAreWholeButWrongAreRefused(
      int root, String mapping, StoreErrorCode code, String message) {
    try (ManifestFixture fixture = new ManifestFixture()) {
      StoreException refusal =
          fixture.refusal(record(fixture, root, mapping.replace(" ", "") + TERMS));
      if (message.equals("ok")) {
        assertThat(refusal).isNull();
      } else {
        assertThat(refusal).isNotNull().hasMessageContaining(message);
        assertThat(refusal.code()).isEqualTo(code);
      }
    }
  }

  @Test
  void termSectionAndWhatFollowsItAreChecked() {
    try (ManifestFixture fixture = new ManifestFixture()) {
      String mapping = "020002000000" + "0109";
      assertThat(fixture.refusal(record(fixture, 0, mapping)))
          .hasMessageContaining("within its length");
      assertThat(fixture.refusal(record(fixture, 0, mapping + "0e000000" + TERMS.substring(8))))
          .hasMessageContaining("length of the term section");
      assertThat(fixture.refusal(record(fixture, 0, mapping + TERMS + "00112233445566778899")))
          .hasMessageContaining("not an extension of this engine");
      byte[] newer = ManifestExtension.of(ManifestFixture.OPTIONS).encode();
      newer[8] = 9;
      StoreException refusal =
          fixture.refusal(
              record(fixture, 0, mapping + TERMS + ManifestFixture.hex(newer, 0, newer.length)));
      assertThat(refusal).hasMessageContaining("extension of version 9");
      assertThat(refusal.code()).isEqualTo(StoreErrorCode.UNSUPPORTED_FORMAT);
    }
  }

  @Test
  void markOfChangeSegmentsIsRead() {
    try (ManifestFixture fixture = new ManifestFixture()) {
      byte[] bytes = fixture.manifest(MODELS[0], MODELS[1]);
      assertThat(fixture.read(bytes).extent().marked()).isFalse();
      ByteBuffer words = ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN);
      words.putLong(0, words.getLong(0) ^ ManifestFormat.SEGMENT_MARK);
      assertThat(fixture.read(bytes).extent().marked()).isTrue();
      assertThat(fixture.model(bytes)).isEqualTo(MODELS[1]);
      words.putLong(4096, words.getLong(4096) ^ ManifestFormat.SEGMENT_MARK);
      assertThat(fixture.model(bytes)).as("only the first may be marked").isEqualTo(MODELS[0]);
    }
  }

  @Test
  void otherPagesPerFileAreRefusedAndWhatIsRecordedCanBeAskedFor() {
    try (ManifestFixture fixture = new ManifestFixture()) {
      byte[] bytes = fixture.manifest(MODELS);
      try (var file = fixture.open(bytes)) {
        assertThatThrownBy(() -> new ManifestReader(fixture.budget, 5).read(file))
            .isInstanceOfSatisfying(
                StoreException.class,
                e -> assertThat(e.code()).isEqualTo(StoreErrorCode.IDENTITY_MISMATCH));
        assertThat(ManifestReader.recordedOptions(file, fixture.budget))
            .contains(ManifestFixture.OPTIONS);
      }
      try (var file = fixture.open(Arrays.copyOf(bytes, 8192))) {
        assertThat(ManifestReader.recordedOptions(file, fixture.budget)).isEmpty();
      }
    }
  }

  @Test
  void listingNamesDamageAndGoesOnBehindIt() {
    try (ManifestFixture fixture = new ManifestFixture()) {
      byte[] bytes = fixture.manifest(MODELS);
      bytes[4096 + 9] ^= 1;
      StringWriter listing = new StringWriter();
      try (var file = fixture.open(bytes)) {
        new ManifestDump(new PrintWriter(listing), false).print(file, fixture.budget);
      }
      assertThat(listing.toString().lines().map(String::strip))
          .anyMatch(line -> line.startsWith("record 0 at 0: snapshot, 1"))
          .contains("at 4096: 4096 bytes without a valid record")
          .anyMatch(line -> line.startsWith("record 1 at 8192: log, 1"))
          .contains("root 0, TTL root none")
          .contains("max file page 2, dictionary 0 bytes")
          .contains("terms: file 0 = 0, manifest = 0")
          .contains("sequence 0, incarnation 1, features 0x0");
    }
  }

  @Test
  void imageDescriptionIsReadAgainAndEveryBitOfItIsProtected() {
    ManifestImage image =
        new ManifestImage(
            8192,
            2,
            0x123456789abcdefL,
            3,
            List.of(
                new ManifestImage.DataFileLength(0, 0, 4096),
                new ManifestImage.DataFileLength(7, 1, 33_554_432)));
    byte[] bytes = image.encode();
    assertThat(ManifestImage.decode(bytes, "image")).isEqualTo(image);
    for (int at = 0; at < bytes.length; at++) {
      byte[] damaged = bytes.clone();
      damaged[at] ^= (byte) (1 << at % 8);
      assertThatThrownBy(() -> ManifestImage.decode(damaged, "image"))
          .as("byte %d", at)
          .isInstanceOf(StoreException.class);
    }
    for (int length = 0; length < bytes.length; length++) {
      byte[] cut = Arrays.copyOf(bytes, length);
      assertThatThrownBy(() -> ManifestImage.decode(cut, "image"))
          .isInstanceOf(StoreException.class);
    }
  }
}
