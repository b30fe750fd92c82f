/*
 * Licensed under the Apache License, Version 2.0.
 */
package io.eloqstore.manifest;

import io.eloqstore.mapping.MappingSnapshot;

/**
 * What a commit publishes. The caller holds the mapping during the call it is passed to.
 *
 * @param rootPage {@link ManifestFormat#NO_PAGE} for an empty tree
 * @param ttlRootPage {@link ManifestFormat#NO_PAGE} if nothing expires
 * @param maxFilePage smallest file page that was never allocated
 * @param dictionary for compressed values; empty if there is none
 * @param mapping where the pages lie
 * @param extension what this engine adds, its incarnation is set by the writer; null to write what
 *     C++ would
 */
public record ManifestContent(
    int rootPage,
    int ttlRootPage,
    long maxFilePage,
    byte[] dictionary,
    MappingSnapshot mapping,
    ManifestExtension extension) {}
