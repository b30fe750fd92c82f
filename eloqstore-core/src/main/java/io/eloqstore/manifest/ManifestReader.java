/*
 * Licensed under the Apache License, Version 2.0.
 */
package io.eloqstore.manifest;

import io.eloqstore.api.CorruptionException;
import io.eloqstore.io.BlockFile;
import io.eloqstore.mapping.MappingBuilder;
import io.eloqstore.mapping.MappingSnapshot;
import io.eloqstore.memory.MemoryBudget;
import java.util.BitSet;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.SortedMap;
import java.util.TreeMap;

/**
 * Replays a manifest: what is the newest content that was published?
 *
 * <p>One thread. It reads through one I/O block and keeps only the mapping, the dictionary and the
 * extension of a record in memory. Every record is read twice: its checksum first, then what it
 * says, since what was applied cannot be taken back.
 *
 * <p>Errors: {@link CorruptionException}; {@link io.eloqstore.api.StoreException} with {@code
 * UNSUPPORTED_FORMAT} for what a newer engine wrote, {@code IDENTITY_MISMATCH} for another number
 * of pages in a file, {@code OUT_OF_MEMORY} for a mapping that the budget does not hold.
 */
public final class ManifestReader {
  private final MemoryBudget budget;
  private final int pagesPerFileShift;

  /**
   * @param budget its arena is that of the files to be read
   */
  public ManifestReader(MemoryBudget budget, int pagesPerFileShift) {
    this.budget = budget;
    this.pagesPerFileShift = pagesPerFileShift;
  }

  /**
   * Reads the manifest of a store that was running: what follows the last valid record is dropped
   * if nothing valid is among it, since a crash leaves that.
   */
  public ManifestState read(BlockFile file) {
    try (ManifestInput in = new ManifestInput(file, budget)) {
      long fileBytes = in.fileBytes();
      RecordScan scan = new RecordScan(in, fileBytes).run();
      scan.checkNothingValidFollows();
      List<RecordHeader> records = scan.records();
      long torn = Math.max(0, fileBytes - scan.end());
      return replay(in, records, torn, false);
    }
  }

  /**
   * Reads the manifest of an image: exactly its records or nothing. More bytes may follow them.
   *
   * @throws CorruptionException if length, record count or checksum are others
   */
  public ManifestState readImage(BlockFile file, ManifestImage image) {
    try (ManifestInput in = new ManifestInput(file, budget)) {
      RecordScan scan = new RecordScan(in, Math.min(in.fileBytes(), image.manifestLength())).run();
      in.seek(0, -1, 0);
      if (scan.end() != image.manifestLength()) {
        throw in.corrupt(
            "length of the valid records of an image", image.manifestLength(), scan.end());
      }
      ManifestExtent extent = extent(scan.records(), 0, 0, true);
      if (extent.records() != image.manifestRecords()) {
        throw in.corrupt("records of an image", image.manifestRecords(), extent.records());
      }
      if (extent.checksum() != image.manifestChecksum()) {
        throw in.corrupt(
            "checksum of the manifest of an image",
            Long.toHexString(image.manifestChecksum()),
            Long.toHexString(extent.checksum()));
      }
      return replay(in, scan.records(), 0, true);
    }
  }

  /** What the last valid record says the store was written with; empty if C++ wrote it. */
  public static Optional<RecordedOptions> recordedOptions(BlockFile file, MemoryBudget budget) {
    try (ManifestInput in = new ManifestInput(file, budget)) {
      List<RecordHeader> records = new RecordScan(in, in.fileBytes()).run().records();
      RecordHeader last = records.get(records.size() - 1);
      ExtensionOnly found = new ExtensionOnly();
      new RecordParser(in, found).parse(last);
      return found.bytes == null
          ? Optional.empty()
          : Optional.of(ManifestExtension.decode(found.bytes, in.path(), last.offset()).options());
    }
  }

  private static final class ExtensionOnly implements RecordParser.Visitor {
    private byte[] bytes;

    @Override
    public void head(long maxFilePage, byte[] dictionary) {
      // Only the extension is wanted.
    }

    @Override
    public void page(int pageId, long filePage) {
      // Only the extension is wanted.
    }

    @Override
    public void term(long fileId, long term) {
      // Only the extension is wanted.
    }

    @Override
    public void extension(byte[] found) {
      bytes = found;
    }
  }

  private static ManifestExtent extent(
      List<RecordHeader> records, long incarnation, long tornBytes, boolean rollFirst) {
    long checksum = 0;
    for (RecordHeader record : records) {
      checksum = ManifestFormat.chain(checksum, record.checksum());
    }
    RecordHeader first = records.get(0);
    return new ManifestExtent(
        records.get(records.size() - 1).next(),
        records.size(),
        checksum,
        first.next(),
        incarnation,
        tornBytes,
        first.marked(),
        rollFirst);
  }

  private ManifestState replay(
      ManifestInput in, List<RecordHeader> records, long tornBytes, boolean rollFirst) {
    MappingSnapshot empty = MappingSnapshot.empty(budget, pagesPerFileShift);
    Replay replay = new Replay(in.path(), new MappingBuilder(empty));
    try {
      RecordParser parser = new RecordParser(in, replay);
      for (RecordHeader record : records) {
        replay.begin(record);
        parser.parse(record);
      }
      RecordHeader last = records.get(records.size() - 1);
      in.seek(last.offset(), last.offset(), last.end());
      replay.checkShift(pagesPerFileShift);
      checkMapped(in, "root page", last.rootPage(), replay.mapping);
      checkMapped(in, "TTL root page", last.ttlRootPage(), replay.mapping);
      checkNoFilePageTwice(in, replay.mapping);
      ManifestExtent extent = extent(records, replay.incarnation, tornBytes, rollFirst);
      return replay.state(in, last, extent);
    } finally {
      replay.mapping.abandon();
      empty.release();
    }
  }

  private static void checkMapped(
      ManifestInput in, String what, int pageId, MappingBuilder mapping) {
    if (pageId != ManifestFormat.NO_PAGE && mapping.filePage(pageId) < 0) {
      throw in.corrupt(what, "a mapped page or none", Integer.toUnsignedLong(pageId));
    }
  }

  private void checkNoFilePageTwice(ManifestInput in, MappingBuilder mapping) {
    // A bit for each slot of the live files: an eighth of a byte for each page on the disk.
    Map<Long, BitSet> files = new HashMap<>();
    long lastFileId = -1;
    BitSet lastFile = null;
    for (int pageId = 0; pageId < mapping.pageCount(); pageId++) {
      long filePage = mapping.filePage(pageId);
      if (filePage < 0) {
        continue;
      }
      long fileId = filePage >>> pagesPerFileShift;
      if (fileId != lastFileId) {
        lastFileId = fileId;
        lastFile = files.computeIfAbsent(fileId, id -> new BitSet());
      }
      int slot = (int) (filePage - (fileId << pagesPerFileShift));
      if (lastFile.get(slot)) {
        throw in.corrupt(
            "file page " + filePage, "one logical page", "page " + pageId + " and another one");
      }
      lastFile.set(slot);
    }
  }

  /** What the records said so far. */
  private static final class Replay implements RecordParser.Visitor {
    private final String path;
    private final MappingBuilder mapping;
    private final SortedMap<Long, Long> terms = new TreeMap<>();
    private long maxFilePage;
    private byte[] dictionary;
    private long manifestTerm;
    private long recordOffset;
    private ManifestExtension extension;
    private long incarnation;

    Replay(String path, MappingBuilder mapping) {
      this.path = path;
      this.mapping = mapping;
    }

    void begin(RecordHeader record) {
      recordOffset = record.offset();
      extension = null;
    }

    @Override
    public void head(long found, byte[] bytes) {
      maxFilePage = found;
      dictionary = bytes;
    }

    @Override
    public void page(int pageId, long filePage) {
      mapping.ensurePageCount(pageId + 1);
      if (filePage == MappingSnapshot.UNMAPPED) {
        mapping.unmap(pageId);
      } else {
        mapping.map(pageId, filePage);
        maxFilePage = Math.max(maxFilePage, filePage + 1);
      }
    }

    @Override
    public void term(long fileId, long term) {
      if (fileId == ManifestFormat.MANIFEST_FILE_ID) {
        manifestTerm = term;
      } else {
        terms.put(fileId, term);
      }
    }

    @Override
    public void extension(byte[] bytes) {
      extension = ManifestExtension.decode(bytes, path, recordOffset);
      incarnation = Math.max(incarnation, extension.incarnation());
    }

    void checkShift(int wanted) {
      if (extension != null) {
        RecordedOptions.check(
            path, "pagesPerFileShift", extension.options().pagesPerFileShift(), wanted);
      }
    }

    ManifestState state(ManifestInput in, RecordHeader last, ManifestExtent extent) {
      MappingSnapshot built = mapping.build();
      for (int i = 0; i < built.fileCount(); i++) {
        if (!terms.containsKey(built.fileId(i))) {
          long fileId = built.fileId(i);
          built.release();
          throw in.corrupt("term of data file " + fileId, "in a term section", "missing");
        }
      }
      return new ManifestState(
          last.rootPage(),
          last.ttlRootPage(),
          maxFilePage,
          dictionary,
          built,
          terms,
          manifestTerm,
          extension,
          extent);
    }
  }
}
