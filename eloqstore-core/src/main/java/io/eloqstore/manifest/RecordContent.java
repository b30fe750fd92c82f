/*
 * Licensed under the Apache License, Version 2.0.
 */
package io.eloqstore.manifest;

import io.eloqstore.api.StoreErrorCode;
import io.eloqstore.api.StoreException;
import io.eloqstore.codec.Varints;
import io.eloqstore.mapping.MappingDifference;
import io.eloqstore.mapping.MappingSnapshot;
import java.util.Map;
import java.util.SortedMap;

/**
 * A record before it is written: its lengths are known, its pages are still in the mapping.
 *
 * <p>One thread. The mapping is walked twice, once for the length and once for the bytes.
 */
final class RecordContent {
  private static final byte[] NOTHING = {};

  private final ManifestContent content;
  // Null for a snapshot record.
  private final MappingSnapshot before;
  private final SortedMap<Long, Long> terms;
  private final long manifestTerm;
  private final byte[] extension;
  private final long mappingBytes;
  private final long termBytes;
  private final long payloadBytes;

  private RecordContent(
      ManifestContent content,
      MappingSnapshot before,
      SortedMap<Long, Long> terms,
      long manifestTerm,
      long incarnation) {
    this.content = content;
    this.before = before;
    this.terms = terms;
    this.manifestTerm = manifestTerm;
    this.extension =
        content.extension() == null
            ? NOTHING
            : content.extension().withIncarnation(incarnation).encode();
    this.mappingBytes = before == null ? tableBytes() : pairBytes();
    this.termBytes = countTermBytes();
    long headBytes =
        before == null
            ? Varints.size64(content.maxFilePage())
                + Varints.size64(content.dictionary().length)
                + (long) content.dictionary().length
            : 0;
    this.payloadBytes =
        headBytes + Integer.BYTES + mappingBytes + Integer.BYTES + termBytes + extension.length;
  }

  /** The first record of a file: everything. */
  static RecordContent snapshot(
      ManifestContent content, SortedMap<Long, Long> terms, long manifestTerm, long incarnation) {
    RecordContent record = new RecordContent(content, null, terms, manifestTerm, incarnation);
    if (!record.fits()) {
      throw new StoreException(
          StoreErrorCode.OUT_OF_SPACE,
          "a manifest record has at most 2^32 - 1 bytes, the mapping of "
              + content.mapping().pageCount()
              + " pages makes one of "
              + record.payloadBytes);
    }
    return record;
  }

  /** A later record: what changed since the mapping that was published before. */
  static RecordContent log(
      ManifestContent content,
      MappingSnapshot before,
      SortedMap<Long, Long> newTerms,
      long manifestTerm,
      long incarnation) {
    return new RecordContent(content, before, newTerms, manifestTerm, incarnation);
  }

  boolean fits() {
    return payloadBytes <= ManifestFormat.PAYLOAD_BYTES_MAX;
  }

  /** Header and payload. */
  long recordBytes() {
    return ManifestFormat.PAYLOAD_AT + payloadBytes;
  }

  private long tableBytes() {
    MappingSnapshot mapping = content.mapping();
    long bytes = 0;
    for (int pageId = 0; pageId < mapping.pageCount(); pageId++) {
      bytes += Varints.size64(ManifestFormat.mappingValue(mapping.filePage(pageId)));
    }
    return bytes;
  }

  private long pairBytes() {
    MappingDifference difference = new MappingDifference(before, content.mapping());
    long bytes = 0;
    while (difference.next()) {
      bytes += Varints.size64(difference.pageId());
      bytes += Varints.size64(ManifestFormat.mappingValue(difference.filePage()));
    }
    return bytes;
  }

  private long countTermBytes() {
    long bytes =
        Varints.size64(ManifestFormat.MANIFEST_FILE_ID) + (long) Varints.size64(manifestTerm);
    for (Map.Entry<Long, Long> entry : terms.entrySet()) {
      bytes += Varints.size64(entry.getKey()) + (long) Varints.size64(entry.getValue());
    }
    return bytes;
  }

  /** Writes the payload behind the header. */
  void writeTo(RecordOutput out) {
    if (before == null) {
      out.putVarint(content.maxFilePage());
      out.putVarint(content.dictionary().length);
      out.putBytes(content.dictionary());
    }
    out.putU32(mappingBytes);
    if (before == null) {
      writeTable(out);
    } else {
      writePairs(out);
    }
    out.putU32(termBytes);
    for (Map.Entry<Long, Long> entry : terms.entrySet()) {
      out.putVarint(entry.getKey());
      out.putVarint(entry.getValue());
    }
    out.putVarint(ManifestFormat.MANIFEST_FILE_ID);
    out.putVarint(manifestTerm);
    out.putBytes(extension);
  }

  private void writeTable(RecordOutput out) {
    MappingSnapshot mapping = content.mapping();
    for (int pageId = 0; pageId < mapping.pageCount(); pageId++) {
      out.putVarint(ManifestFormat.mappingValue(mapping.filePage(pageId)));
    }
  }

  private void writePairs(RecordOutput out) {
    MappingDifference difference = new MappingDifference(before, content.mapping());
    while (difference.next()) {
      out.putVarint(difference.pageId());
      out.putVarint(ManifestFormat.mappingValue(difference.filePage()));
    }
  }

  int rootPage() {
    return content.rootPage();
  }

  int ttlRootPage() {
    return content.ttlRootPage();
  }
}
