/*
 * Licensed under the Apache License, Version 2.0.
 */
package io.eloqstore.cli;

import io.eloqstore.api.StoreErrorCode;
import io.eloqstore.api.StoreException;
import java.io.ByteArrayOutputStream;
import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.util.HexFormat;
import picocli.CommandLine.Option;

/**
 * How keys and values are written: as hex, or as text in which {@code \xNN} is a byte and {@code
 * \\} a backslash. Each form reads what it writes.
 */
final class ByteForm {
  private static final char ESCAPE = '\\';
  private static final HexFormat HEX = HexFormat.of();

  @Option(
      names = "--text",
      description =
          "Keys and values as UTF-8 text instead of hex; \\xNN is a byte that is no text, \\\\ a"
              + " backslash.")
  private boolean isText;

  /**
   * Reads an argument.
   *
   * @param what names it in errors
   * @return at least one byte
   * @throws StoreException {@code INVALID_ARGUMENT} when it is not of the form
   */
  byte[] parse(String argument, String what) {
    byte[] bytes = isText ? parseText(argument, what) : parseHex(argument, what);
    if (bytes.length == 0) {
      throw malformed(what, "at least one byte", argument);
    }
    return bytes;
  }

  private static byte[] parseHex(String argument, String what) {
    try {
      return HEX.parseHex(argument);
    } catch (IllegalArgumentException e) {
      throw malformed(what, "pairs of hex digits", argument);
    }
  }

  private static byte[] parseText(String argument, String what) {
    ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    int at = 0;
    while (at < argument.length()) {
      int escape = argument.indexOf(ESCAPE, at);
      int end = escape < 0 ? argument.length() : escape;
      bytes.writeBytes(argument.substring(at, end).getBytes(StandardCharsets.UTF_8));
      at = end;
      if (argument.startsWith("\\\\", at)) {
        bytes.write(ESCAPE);
        at += 2;
      } else if (at < argument.length()) {
        bytes.write(escaped(argument, at, what));
        at += 4;
      }
    }
    return bytes.toByteArray();
  }

  private static int escaped(String argument, int at, String what) {
    boolean isByte =
        argument.startsWith("\\x", at)
            && argument.length() - at >= 4
            && HexFormat.isHexDigit(argument.charAt(at + 2))
            && HexFormat.isHexDigit(argument.charAt(at + 3));
    if (!isByte) {
      throw malformed(what, "\\xNN or \\\\ at character " + at, argument);
    }
    return HexFormat.fromHexDigits(argument, at + 2, at + 4);
  }

  private static StoreException malformed(String what, String expected, String found) {
    return new StoreException(
        StoreErrorCode.INVALID_ARGUMENT,
        what + ": expected " + expected + ", found '" + found + "'");
  }

  /** Writes the first bytes of an array. */
  void append(StringBuilder target, byte[] bytes, int length) {
    if (isText) {
      appendText(target, bytes, length);
    } else {
      HEX.formatHex(target, bytes, 0, length);
    }
  }

  /** One key, as an argument takes it. */
  String format(byte[] key) {
    StringBuilder text = new StringBuilder();
    append(text, key, key.length);
    return text.toString();
  }

  private static void appendText(StringBuilder target, byte[] bytes, int length) {
    String decoded;
    try {
      decoded =
          StandardCharsets.UTF_8.newDecoder().decode(ByteBuffer.wrap(bytes, 0, length)).toString();
    } catch (CharacterCodingException e) {
      // No text as a whole: only what is plain ASCII is shown as it is.
      decoded = null;
    }
    if (decoded != null) {
      decoded.codePoints().forEach(c -> appendCharacter(target, c));
      return;
    }
    for (int i = 0; i < length; i++) {
      if (bytes[i] >= 0) {
        appendCharacter(target, bytes[i]);
      } else {
        appendByte(target, bytes[i]);
      }
    }
  }

  private static void appendCharacter(StringBuilder target, int character) {
    if (character == ESCAPE) {
      target.append("\\\\");
    } else if (isShown(character)) {
      target.appendCodePoint(character);
    } else {
      for (byte one : Character.toString(character).getBytes(StandardCharsets.UTF_8)) {
        appendByte(target, one);
      }
    }
  }

  private static boolean isShown(int character) {
    return switch (Character.getType(character)) {
      case Character.CONTROL,
          Character.FORMAT,
          Character.LINE_SEPARATOR,
          Character.PARAGRAPH_SEPARATOR,
          Character.PRIVATE_USE,
          Character.UNASSIGNED ->
          false;
      default -> true;
    };
  }

  private static void appendByte(StringBuilder target, byte value) {
    target.append("\\x").append(HEX.toHexDigits(value));
  }
}
