/*
 * Licensed under the Apache License, Version 2.0.
 */
package io.eloqstore.tree;

import io.eloqstore.mapping.MappingBuilder;
import io.eloqstore.memory.MemoryBudget;
import io.eloqstore.pagestore.PageSink;
import io.eloqstore.pagestore.PageSource;

/**
 * What a rewrite of a tree works on; several rewrites may follow each other on the same one. When
 * one fails, the mapping is to be abandoned and the ids discarded; pages appended so far are
 * garbage. When all are done, the mapping is built and, once the new root is the one that is read,
 * the ids are published.
 *
 * @param source where pages are read
 * @param sink where new versions of pages go
 * @param mapping begins as the mapping of the old root and becomes that of the new one
 * @param ids takes and gives back logical pages
 * @param budget gives scratch memory of about five pages, and two for each index level
 * @param options how pages are written
 */
public record RewriteContext(
    PageSource source,
    PageSink sink,
    MappingBuilder mapping,
    RewriteIds ids,
    MemoryBudget budget,
    TreeOptions options) {

  TreePages open(MergeStatistics statistics) {
    return new TreePages(source, sink, mapping, ids, budget, statistics);
  }
}
