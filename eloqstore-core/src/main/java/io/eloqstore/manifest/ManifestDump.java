/*
 * Licensed under the Apache License, Version 2.0.
 */
package io.eloqstore.manifest;

import io.eloqstore.api.StoreException;
import io.eloqstore.io.BlockFile;
import io.eloqstore.mapping.MappingSnapshot;
import io.eloqstore.memory.MemoryBudget;
import java.io.PrintWriter;
import java.util.Arrays;

/**
 * Lists a manifest as text, also a damaged one: what is no valid record is named and skipped.
 *
 * <p>One thread. Nothing of the manifest is kept in memory but the extension of one record.
 */
public final class ManifestDump {
  private final PrintWriter out;
  private final boolean pages;

  /**
   * @param pages whether each mapping entry gets a line
   */
  public ManifestDump(PrintWriter out, boolean pages) {
    this.out = out;
    this.pages = pages;
  }

  /** Lists one file. */
  public void print(BlockFile file, MemoryBudget budget) {
    try (ManifestInput in = new ManifestInput(file, budget)) {
      long fileBytes = in.fileBytes();
      out.println(in.path() + ": " + fileBytes + " bytes");
      RecordScan scan = new RecordScan(in, fileBytes);
      int index = 0;
      for (long at = 0; at < fileBytes; ) {
        RecordHeader record = scan.validAt(at);
        if (record == null) {
          RecordHeader later = scan.nextValid(at + ManifestFormat.RECORD_ALIGNMENT);
          long end = later == null ? fileBytes : later.offset();
          out.println("at " + at + ": " + (end - at) + " bytes without a valid record");
          at = end;
        } else {
          print(in, record, index++);
          at = record.next();
        }
      }
    }
    out.flush();
  }

  private void print(ManifestInput in, RecordHeader record, int index) {
    out.printf(
        "record %d at %d: %s, %d bytes, checksum %016x ok%s%n",
        index,
        record.offset(),
        record.isSnapshot() ? "snapshot" : "log",
        record.end() - record.offset(),
        record.checksum(),
        record.marked() ? " (marked: change segments)" : "");
    out.println("  root " + page(record.rootPage()) + ", TTL root " + page(record.ttlRootPage()));
    Listing listing = new Listing(in.path(), record.offset());
    try {
      new RecordParser(in, listing).parse(record);
      listing.end();
    } catch (StoreException e) {
      out.println("  cannot be read: " + e.getMessage());
    }
  }

  private static String page(int pageId) {
    return pageId == ManifestFormat.NO_PAGE ? "none" : Integer.toUnsignedString(pageId);
  }

  private final class Listing implements RecordParser.Visitor {
    private final String path;
    private final long recordOffset;
    private final StringBuilder terms = new StringBuilder();
    private long mapped;
    private long unmapped;
    private boolean extended;

    Listing(String path, long recordOffset) {
      this.path = path;
      this.recordOffset = recordOffset;
    }

    @Override
    public void head(long maxFilePage, byte[] dictionary) {
      out.println(
          "  max file page " + maxFilePage + ", dictionary " + dictionary.length + " bytes");
    }

    @Override
    public void page(int pageId, long filePage) {
      boolean isMapped = filePage != MappingSnapshot.UNMAPPED;
      mapped += isMapped ? 1 : 0;
      unmapped += isMapped ? 0 : 1;
      if (pages) {
        out.println("  page " + pageId + " -> " + (isMapped ? filePage : "unmapped"));
      }
    }

    @Override
    public void term(long fileId, long term) {
      terms
          .append(terms.length() == 0 ? "" : ", ")
          .append(
              fileId == ManifestFormat.MANIFEST_FILE_ID
                  ? "manifest"
                  : "file " + Long.toUnsignedString(fileId))
          .append(" = ")
          .append(Long.toUnsignedString(term));
    }

    @Override
    public void extension(byte[] bytes) {
      printMapping();
      extended = true;
      ManifestExtension found = ManifestExtension.decode(bytes, path, recordOffset);
      out.println("  extension of " + bytes.length + " bytes");
      out.println("    " + found.options());
      out.println("    " + found.counts());
      out.println(
          "    sequence "
              + Long.toUnsignedString(found.sequence())
              + ", incarnation "
              + found.incarnation()
              + ", features 0x"
              + Long.toHexString(found.features()));
      found
          .metadata()
          .forEach((name, value) -> out.println("    " + name + ": " + value.length + " bytes"));
      if (found.pendingCuts().length > 0) {
        out.println("    pending cuts " + Arrays.toString(found.pendingCuts()));
      }
      for (ManifestSegment segment : found.segments()) {
        out.println(
            "    segment in file "
                + segment.fileId()
                + ": "
                + segment.pages()
                + " pages, "
                + segment.entries()
                + " changes, operations "
                + segment.minSequence()
                + " to "
                + segment.maxSequence()
                + ", live ranges "
                + segment.live().size());
      }
      found
          .opaque()
          .forEach(
              section ->
                  out.println(
                      "    section " + section.tag() + ": " + section.bytes().length + " bytes"));
    }

    private void printMapping() {
      out.println("  " + mapped + " pages mapped, " + unmapped + " unmapped");
      out.println("  terms: " + terms);
    }

    void end() {
      if (!extended) {
        printMapping();
        out.println("  no extension");
      }
    }
  }
}
