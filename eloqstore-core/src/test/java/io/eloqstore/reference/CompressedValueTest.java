/*
 * Licensed under the Apache License, Version 2.0.
 */
package io.eloqstore.reference;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.github.luben.zstd.Zstd;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.util.Arrays;
import org.junit.jupiter.api.Test;

/** The independent decoder takes what the format says and nothing else. */
class CompressedValueTest {
  private static final byte[] NONE = {};
  private static final int DICTIONARY = ReferenceEntry.FLAG_DICTIONARY;
  private static final int ALONE = ReferenceEntry.FLAG_STANDALONE;

  private static byte[] goldenDictionary() throws IOException {
    return GoldenSets.named("compressed").read().manifest().dictionary();
  }

  private static ReferenceEntry entry(int flags, int length, byte[] frame) {
    ByteArrayOutputStream stored = new ByteArrayOutputStream();
    int rest = length;
    for (; rest > 0x7f; rest >>>= 7) {
      stored.write(rest & 0x7f | 0x80);
    }
    stored.write(rest);
    stored.writeBytes(frame);
    return new ReferenceEntry(new byte[] {1}, stored.toByteArray(), flags, 0, 0);
  }

  private static void refused(ReferenceEntry entry, byte[] dictionary, String why) {
    assertThatThrownBy(() -> CompressedValue.decode(entry, dictionary))
        .isInstanceOf(DecodeException.class)
        .hasMessageContaining(why);
  }

  @Test
  void bothKindsAreDecoded() throws IOException {
    byte[] dictionary = goldenDictionary();
    byte[] plain = new byte[300];
    byte[] frame = Zstd.compressUsingDict(plain, dictionary, 3);
    assertThat(CompressedValue.decode(entry(DICTIONARY, 300, frame), dictionary)).isEqualTo(plain);
    byte[] large = new byte[(10 << 20) + 1];
    byte[] largeFrame = Zstd.compress(large);
    assertThat(CompressedValue.decode(entry(ALONE, large.length, largeFrame), NONE))
        .isEqualTo(large);
  }

  @Test
  void whatTheFormatDoesNotKnowIsRefused() throws IOException {
    byte[] dictionary = goldenDictionary();
    byte[] frame = Zstd.compressUsingDict(new byte[300], dictionary, 3);
    refused(entry(DICTIONARY | ALONE, 300, frame), dictionary, "both");
    refused(entry(ALONE, 300, frame), dictionary, "length of 300");
    refused(entry(DICTIONARY, 99, frame), dictionary, "length of 99");
    refused(entry(DICTIONARY, (10 << 20) + 1, frame), dictionary, "length of");
    refused(entry(DICTIONARY, 300, frame), NONE, "dictionary of 0 bytes");
    refused(entry(DICTIONARY, 301, frame), dictionary, "content size");
    refused(entry(DICTIONARY, 300, new byte[300]), dictionary, "frame of 300 bytes");
    refused(
        entry(DICTIONARY, 300, Zstd.compress(new byte[300])), dictionary, "frame of dictionary 0");
    refused(
        entry(DICTIONARY, 300, Arrays.copyOf(frame, frame.length - 1)), dictionary, "zstd frame");
  }
}
