/*
 * Licensed under the Apache License, Version 2.0.
 */

/**
 * The copy-on-write B+tree over logical pages: read, scan, merge, cut, verify.
 *
 * <p>A tree is a root page and a mapping. Its root is an index page, also above a single leaf;
 * index pages above leaves have type 1, those above index pages type 0; an empty tree has no page.
 * A child is named by its logical id, so a page that is rewritten under its id changes nothing
 * above it. A separator is the inclusive lower bound of its child; the leftmost child has none.
 * Leaves are linked to both neighbours, and no leaf is empty.
 *
 * <p>Reading: {@link io.eloqstore.tree.TreeReader} over cached frames, {@link
 * io.eloqstore.tree.TreeScan} over pinned ones. Writing: a {@link io.eloqstore.tree.RewriteContext}
 * for one or more of {@link io.eloqstore.tree.TreeMerger}, {@link io.eloqstore.tree.RangeCut} and
 * {@link io.eloqstore.tree.CutSweeper}; then the mapping is built and {@link
 * io.eloqstore.tree.RewriteIds} published.
 */
package io.eloqstore.tree;
