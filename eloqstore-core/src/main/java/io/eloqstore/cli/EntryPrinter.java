/*
 * Licensed under the Apache License, Version 2.0.
 */
package io.eloqstore.cli;

import io.eloqstore.api.StoreErrorCode;
import io.eloqstore.api.StoreException;
import io.eloqstore.api.ValueBuffer;
import java.io.PrintWriter;

/**
 * Prints entries, a line each: key, value, timestamp and expire_ts with tabs between. One thread.
 */
final class EntryPrinter {
  private static final int CHUNK_CHARS = 1 << 16;

  private final PrintWriter out;
  private final ByteForm form;
  private final StringBuilder text = new StringBuilder();

  EntryPrinter(PrintWriter out, ByteForm form) {
    this.out = out;
    this.form = form;
  }

  /**
   * Prints an entry, at once or with later ones.
   *
   * @throws StoreException {@code IO_FAILED} when standard output takes no more
   */
  void entry(byte[] key, int keyLength, ValueBuffer value) {
    form.append(text, key, keyLength);
    text.append('\t');
    value(value);
  }

  /** As above, without the key. */
  void value(ValueBuffer value) {
    form.append(text, value.bytes(), value.length());
    text.append('\t')
        .append(Long.toUnsignedString(value.timestamp()))
        .append('\t')
        .append(Long.toUnsignedString(value.expireTs()))
        .append('\n');
    if (text.length() >= CHUNK_CHARS) {
      print();
    }
  }

  /** Prints what is left. */
  void print() {
    out.append(text);
    text.setLength(0);
    if (out.checkError()) {
      throw new StoreException(
          StoreErrorCode.IO_FAILED, "standard output takes no more: it is closed or full");
    }
  }
}
