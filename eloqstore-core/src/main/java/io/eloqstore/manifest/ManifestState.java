/*
 * Licensed under the Apache License, Version 2.0.
 */
package io.eloqstore.manifest;

import io.eloqstore.mapping.MappingSnapshot;
import java.util.SortedMap;

/**
 * What a manifest says after its last valid record.
 *
 * <p>Immutable. Whoever got it holds {@code mapping} and releases it.
 *
 * @param rootPage {@link ManifestFormat#NO_PAGE} for an empty tree
 * @param ttlRootPage {@link ManifestFormat#NO_PAGE} if nothing expires
 * @param maxFilePage smallest file page that was never allocated, as far as the manifest knows
 * @param dictionary for compressed values; empty if there is none
 * @param mapping where the pages lie
 * @param terms term of each data file that the manifest ever named, ascending by file id
 * @param manifestTerm term of the manifest's own entry; 0 if it has none
 * @param extension of the last record; null if C++ wrote it
 * @param extent the bytes that were read
 */
public record ManifestState(
    int rootPage,
    int ttlRootPage,
    long maxFilePage,
    byte[] dictionary,
    MappingSnapshot mapping,
    SortedMap<Long, Long> terms,
    long manifestTerm,
    ManifestExtension extension,
    ManifestExtent extent) {}
