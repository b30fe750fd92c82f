/*
 * Licensed under the Apache License, Version 2.0.
 */

/**
 * Pages: leaves, index pages and overflow pages, byte for byte those of the C++ engine. The fields
 * are in {@code docs/format/pages.md}.
 *
 * <p>Numbers are little-endian. A page begins with its checksum (XXH3 over all the bytes behind it,
 * padding included), its type and its content length. Not protected: which page this is, and the
 * order of the keys, which the writer answers for.
 *
 * <p>Two ways of reading: {@link io.eloqstore.page.LeafPage#find} and {@link
 * io.eloqstore.page.IndexPage#childFor} search in place, allocate nothing and may meet bytes that
 * are being reused, in which case they return something or throw an {@link
 * java.lang.IndexOutOfBoundsException}; the cursors want a page that is pinned and passed {@link
 * io.eloqstore.page.PageHeader#check}.
 */
package io.eloqstore.page;
