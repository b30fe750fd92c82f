/*
 * Licensed under the Apache License, Version 2.0.
 */
package io.eloqstore.page;

import io.eloqstore.codec.Varints;
import io.eloqstore.memory.Arena;
import java.io.PrintWriter;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;

/**
 * Lists one page as text, also a broken one: up to the first entry that cannot be read.
 *
 * <p>One thread. Trusts no length; looks at up to {@link Varints#BYTES_MAX_64} bytes behind the
 * page.
 */
public final class PageDump {
  /** Bytes of a value that are shown. */
  static final int SHOWN_BYTES = 32;

  private static final HexFormat HEX = HexFormat.of();

  /** Names of the bits of {@link SegmentChange}, lowest first. */
  private static final List<String> CHANGES =
      List.of("delete", "large", "keeps the timestamp", "list head", "list chunk");

  private final PrintWriter out;
  private final Arena arena;
  private final long at;
  private final int pageBytes;
  private final int type;
  // Page offset of what is read next, and where entries end.
  private int position;
  private int end;
  private byte[] key = {};
  private long before;

  /**
   * @param at where the page lies
   */
  public PageDump(PrintWriter out, Arena arena, long at, int pageBytes) {
    this.out = out;
    this.arena = arena;
    this.at = at;
    this.pageBytes = pageBytes;
    this.type = PageHeader.type(arena, at);
  }

  /**
   * Lists it.
   *
   * @return whether checksum and structure are right
   */
  public boolean print() {
    long stored = PageHeader.checksum(arena, at);
    long computed = PageHeader.computeChecksum(arena, at, pageBytes);
    out.println("type " + type + ": " + typeName());
    out.printf(
        "checksum %s: stored %016x, computed %016x%n",
        stored == computed ? "ok" : "wrong", stored, computed);
    out.println("content length " + PageHeader.contentLength(arena, at) + ", page of " + pageBytes);
    String problem = PageHeader.check(arena, at, pageBytes);
    out.println("structure " + (problem == null ? "ok" : "wrong: " + problem));
    content();
    return stored == computed && problem == null;
  }

  private String typeName() {
    return switch (type) {
      case PageType.INDEX -> "index page above index pages";
      case PageType.LEAF_INDEX -> "index page above leaves";
      case PageType.LEAF -> "leaf";
      case PageType.OVERFLOW -> "overflow page";
      case PageType.SEGMENT_INDEX -> "index page above index pages, of a change segment";
      case PageType.SEGMENT_LEAF_INDEX -> "index page above leaves, of a change segment";
      case PageType.SEGMENT_LEAF -> "leaf of a change segment";
      default -> "no page has this type";
    };
  }

  private void content() {
    switch (type) {
      case PageType.INDEX,
          PageType.LEAF_INDEX,
          PageType.SEGMENT_INDEX,
          PageType.SEGMENT_LEAF_INDEX -> {
        out.println("child " + page(IndexPage.leftmost(arena, at)) + " leftmost");
        entries(IndexPage.ENTRIES);
      }
      case PageType.LEAF -> {
        out.println(
            "previous leaf "
                + page(LeafPage.previous(arena, at))
                + ", next leaf "
                + page(LeafPage.next(arena, at)));
        entries(LeafPage.ENTRIES);
      }
      case PageType.SEGMENT_LEAF -> entries(LeafPage.SEGMENT_ENTRIES);
      case PageType.OVERFLOW -> overflow();
      default -> {
        byte[] head = new byte[SHOWN_BYTES];
        arena.get(at, head, 0, SHOWN_BYTES);
        out.println("begins with " + HEX.formatHex(head));
      }
    }
  }

  private static String page(long pageId) {
    return pageId == LeafPage.NO_PAGE ? "none" : Long.toString(pageId);
  }

  // ---- entries ----------------------------------------------------------------------------------

  private void entries(int from) {
    Set<Integer> restarts = restarts(from);
    position = from;
    while (position < end) {
      int start = position;
      boolean isRestart = restarts.contains(start);
      try {
        String entry = entry(isRestart);
        out.println("entry at " + start + (isRestart ? ", restart: " : ": ") + entry);
      } catch (IndexOutOfBoundsException e) {
        out.println("entry at " + start + " cannot be read: " + e.getMessage());
        return;
      }
    }
  }

  /** Finds where entries end: at the restart array, or with the page where that cannot be. */
  private Set<Integer> restarts(int from) {
    int length = PageHeader.contentLength(arena, at);
    boolean fits = length <= pageBytes && length >= from + Short.BYTES;
    int start = fits ? Restarts.start(arena, at) : -1;
    if (start < from) {
      out.println("restart points cannot be read");
      end = pageBytes;
      return Set.of();
    }
    Set<Integer> found = new TreeSet<>();
    for (int i = 0; i < Restarts.count(arena, at); i++) {
      found.add(Restarts.offset(arena, at, start, i));
    }
    end = start;
    out.println("restart points " + found);
    return found;
  }

  private String entry(boolean isRestart) {
    int shared = number32("shared length");
    int nonShared = number32("key length");
    boolean isLeaf = (type & ~PageType.SEGMENT) == PageType.LEAF;
    int lengthFlags = isLeaf ? number32("value length") : 0;
    if (shared < 0 || shared > (isRestart ? 0 : key.length)) {
      throw new IndexOutOfBoundsException(
          "it shares " + shared + " bytes with a key of " + (isRestart ? 0 : key.length));
    }
    int keyAt = take(nonShared, "key");
    byte[] next = Arrays.copyOf(key, shared + nonShared);
    arena.get(at + keyAt, next, shared, nonShared);
    key = next;
    before = isRestart ? 0 : before;
    String text = "key " + HEX.formatHex(key) + ", ";
    return text + (isLeaf ? value(lengthFlags) : "child " + difference("child"));
  }

  private String value(int lengthFlags) {
    int length = lengthFlags >>> LeafPage.FLAG_BITS;
    int valueAt = take(length, "value");
    StringBuilder text = new StringBuilder();
    boolean isLarge = (lengthFlags & LeafPage.OVERFLOW) != 0;
    if (type == PageType.SEGMENT_LEAF) {
      int change = length == 0 ? 0 : arena.getUnsignedByte(at + valueAt);
      int prefix = Math.min(length, SegmentChange.prefixBytes(change));
      text.append(change(change, valueAt + 1, prefix - 1));
      isLarge |= (change & SegmentChange.LARGE) != 0;
      valueAt += prefix;
      length -= prefix;
    }
    text.append(isLarge ? pages(valueAt, length) : "value of " + bytes(valueAt, length));
    text.append((lengthFlags & LeafPage.COMPRESSED_DICTIONARY) != 0 ? ", compressed" : "");
    text.append((lengthFlags & LeafPage.COMPRESSED_ALONE) != 0 ? ", compressed alone" : "");
    String expiry =
        (lengthFlags & LeafPage.EXPIRE) != 0
            ? ", expires " + Long.toUnsignedString(number64("expiry"))
            : "";
    return text + ", timestamp " + Long.toUnsignedString(difference("timestamp")) + expiry;
  }

  private String change(int change, int firstLiveAt, int firstLiveBytes) {
    StringBuilder text = new StringBuilder();
    for (int i = 0; i < CHANGES.size(); i++) {
      text.append((change & 1 << i) != 0 ? CHANGES.get(i) + ", " : "");
    }
    text.append((change & ~SegmentChange.KNOWN) != 0 ? "change " + change + ", " : "");
    if (firstLiveBytes == Long.BYTES) {
      text.append("first live chunk ").append(arena.getLong(at + firstLiveAt)).append(", ");
    }
    return text.toString();
  }

  private String pages(int valueAt, int length) {
    List<String> ids = new ArrayList<>();
    for (int i = 0; i + Integer.BYTES <= length; i += Integer.BYTES) {
      ids.add(page(arena.getInt(at + valueAt + i)));
    }
    return "value in pages " + String.join(" ", ids);
  }

  /** Length of some bytes, and the first of them. */
  private String bytes(int offset, int length) {
    byte[] shown = new byte[Math.min(length, SHOWN_BYTES)];
    arena.get(at + offset, shown, 0, shown.length);
    return length
        + " bytes"
        + (length == 0 ? "" : " " + HEX.formatHex(shown))
        + (length > shown.length ? "..." : "");
  }

  private void overflow() {
    int count = OverflowPage.pointerCount(arena, at, pageBytes);
    int room = pageBytes - OverflowPage.VALUE - 1 - Integer.BYTES * count;
    int length = OverflowPage.valueLength(arena, at);
    out.println(
        "part of a value: " + bytes(OverflowPage.VALUE, Math.max(0, Math.min(length, room))));
    if (count > 0) {
      int pointersAt = pageBytes - 1 - Integer.BYTES * count;
      out.println("next group: " + pages(pointersAt, Integer.BYTES * count));
    }
  }

  // ---- numbers ----------------------------------------------------------------------------------

  private int number32(String what) {
    int value = Varints.get32(arena, at + take(1, what));
    take(Varints.length(arena, at + position - 1) - 1, what);
    return value;
  }

  private long number64(String what) {
    long value = Varints.get64(arena, at + take(1, what));
    take(Varints.length(arena, at + position - 1) - 1, what);
    return value;
  }

  /** A number that is stored as a difference to the one before. */
  private long difference(String what) {
    before += Varints.decodeDelta(number64(what));
    return before;
  }

  /** Goes behind some bytes that must lie in front of the restart array; where they begin. */
  private int take(int bytes, String what) {
    if (bytes < 0 || bytes > end - position) {
      throw new IndexOutOfBoundsException(
          what
              + " of "
              + Integer.toUnsignedString(bytes)
              + " bytes at "
              + position
              + ", end at "
              + end);
    }
    int start = position;
    position += bytes;
    return start;
  }
}
