/*
 * Licensed under the Apache License, Version 2.0.
 */
package io.eloqstore.manifest;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.eloqstore.api.CorruptionException;
import io.eloqstore.api.StoreErrorCode;
import io.eloqstore.api.StoreException;
import io.eloqstore.manifest.ManifestExtension.OpaqueSection;
import java.util.Arrays;
import java.util.List;
import java.util.TreeMap;
import org.junit.jupiter.api.Test;

/** The bytes behind the term section: round trip, the worked example, refusals. */
class ManifestExtensionTest {
  private static final String WORKED =
      "4a454c4f51455854|0100|70000000"
          + "|01 0d000000 00100000 0d 01 1000 1000 1000 00"
          + "|02 19000000 0300000000000000 0100000000000000 0000000000000000 01"
          + "|03 08000000 2a00000000000000"
          + "|04 0b000000 02000000 6f66 01000000 07"
          + "|05 04000000 09000000"
          + "|06 08000000 0100000000000000"
          + "|07 08000000 0100000000000000";

  private static ManifestExtension worked() {
    TreeMap<String, byte[]> metadata = new TreeMap<>();
    metadata.put("of", new byte[] {7});
    return new ManifestExtension(
        new RecordedOptions(4096, 13, true, 16, 16, 16, false),
        new EntryCounts(3, 1, 0, true),
        42,
        metadata,
        new int[] {9},
        1,
        ManifestExtension.FEATURE_BUCKET_KEYS,
        List.of());
  }

  private static ManifestExtension decode(byte[] bytes) {
    return ManifestExtension.decode(bytes, "manifest_0", 4096);
  }

  private static void refused(byte[] bytes, String message) {
    assertThatThrownBy(() -> decode(bytes))
        .hasMessageContaining(message)
        .hasMessageContaining("manifest_0 at offset 4096")
        .isInstanceOfSatisfying(
            StoreException.class,
            e -> assertThat(e.code()).isEqualTo(StoreErrorCode.UNSUPPORTED_FORMAT));
  }

  @Test
  void workedExampleIsWrittenAndRead() {
    byte[] bytes = worked().encode();
    assertThat(ManifestFixture.hex(bytes, 0, bytes.length))
        .isEqualTo(WORKED.replaceAll("[ |]", ""));
    ManifestExtension found = decode(bytes);
    assertThat(found).isEqualTo(worked()).hasSameHashCodeAs(worked());
    assertThat(found.options()).isEqualTo(worked().options());
    assertThat(found.counts()).isEqualTo(worked().counts());
    assertThat(found.sequence()).isEqualTo(42);
    assertThat(found.metadata().get("of")).containsExactly(7);
    assertThat(found.pendingCuts()).containsExactly(9);
    assertThat(found.incarnation()).isEqualTo(1);
    assertThat(found.withIncarnation(2)).isNotEqualTo(found);
  }

  @Test
  void newerVersionIsRefused() {
    byte[] bytes = worked().encode();
    bytes[ExtensionCodec.VERSION_AT] = 2;
    refused(bytes, "extension of version 2, this engine knows 1");
    bytes[ExtensionCodec.VERSION_AT] = 0;
    refused(bytes, "extension of version 0");
  }

  @Test
  void otherBytesBehindTheTermsAreRefused() {
    byte[] bytes = worked().encode();
    bytes[0] ^= 1;
    refused(bytes, "not an extension of this engine");
    refused(new byte[3], "not an extension of this engine");
  }

  @Test
  void unknownFeatureIsRefused() {
    ManifestExtension known = worked();
    refused(
        new ManifestExtension(
                known.options(),
                known.counts(),
                1,
                known.metadata(),
                known.pendingCuts(),
                1,
                ManifestExtension.FEATURES_KNOWN + 1,
                List.of())
            .encode(),
        "feature bits 0x2");
  }

  private static ManifestExtension withSection(int tag) {
    ManifestExtension known = worked();
    return new ManifestExtension(
        known.options(),
        known.counts(),
        1,
        known.metadata(),
        known.pendingCuts(),
        1,
        0,
        List.of(new OpaqueSection(tag, new byte[] {1, 2, 3})));
  }

  @Test
  void unknownSectionIsCarriedAlongIfItMayBeIgnoredAndRefusedOtherwise() {
    ManifestExtension found = decode(withSection(0x88).encode());
    assertThat(found.opaque()).hasSize(1);
    assertThat(found.opaque().get(0).tag()).isEqualTo(0x88);
    assertThat(found.opaque().get(0).bytes()).containsExactly(1, 2, 3);
    assertThat(found.encode()).isEqualTo(withSection(0x88).encode());
    refused(withSection(0x18).encode(), "extension section 24 is not known");
  }

  @Test
  void sectionThatComesTwiceIsCorrupt() {
    byte[] bytes = withSection(ExtensionCodec.TAG_PENDING_CUTS).encode();
    assertThatThrownBy(() -> decode(bytes))
        .isInstanceOf(CorruptionException.class)
        .hasMessageContaining("extension section 5");
  }

  @Test
  void neededSectionThatIsMissingIsCorrupt() {
    byte[] bytes = worked().encode();
    byte[] shorter = Arrays.copyOf(bytes, bytes.length - 13);
    shorter[ExtensionCodec.SECTION_BYTES_AT] -= 13;
    assertThatThrownBy(() -> decode(shorter))
        .isInstanceOf(CorruptionException.class)
        .hasMessageContaining("extension section 7: expected present, found missing");
  }

  @Test
  void everyTruncationAndEveryByteThatChangesIsRefusedOrReadAsSomethingElse() {
    byte[] bytes = worked().encode();
    for (int length = 0; length < bytes.length; length++) {
      byte[] cut = Arrays.copyOf(bytes, length);
      assertThatThrownBy(() -> decode(cut))
          .as("length %d", length)
          .isInstanceOf(StoreException.class);
    }
    for (int at = 0; at < bytes.length; at++) {
      for (int bit = 0; bit < 8; bit++) {
        byte[] flipped = bytes.clone();
        flipped[at] ^= (byte) (1 << bit);
        try {
          assertThat(decode(flipped)).as("bit %d of byte %d", bit, at).isNotEqualTo(worked());
        } catch (StoreException e) {
          assertThat(e.code()).isIn(StoreErrorCode.CORRUPTED, StoreErrorCode.UNSUPPORTED_FORMAT);
        }
      }
    }
  }

  @Test
  void identityThatDiffersIsNamed() {
    RecordedOptions options = worked().options();
    options.checkIdentity("t.0", 4096, 13, true);
    assertThatThrownBy(() -> options.checkIdentity("t.0", 8192, 13, true))
        .hasMessage("t.0: written with pageBytes 4096, opened with 8192");
    assertThatThrownBy(() -> options.checkIdentity("t.0", 4096, 12, true))
        .hasMessageContaining("pagesPerFileShift");
    assertThatThrownBy(() -> options.checkIdentity("t.0", 4096, 13, false))
        .isInstanceOfSatisfying(
            StoreException.class,
            e -> assertThat(e.code()).isEqualTo(StoreErrorCode.IDENTITY_MISMATCH));
  }
}
