/*
 * Licensed under the Apache License, Version 2.0.
 */
package io.eloqstore.partition;

/**
 * Overflow pages written one behind the other: ids {@code firstPage + i} lie on file pages {@code
 * firstFilePage + i}.
 *
 * @param firstPage first logical page id
 * @param firstFilePage first file page
 * @param count number of pages, at least 1
 */
record LargeRun(int firstPage, long firstFilePage, int count) {

  /** Where a page lies, or -1 when it is not of this run. */
  long filePage(int pageId) {
    int index = pageId - firstPage;
    return index >= 0 && index < count ? firstFilePage + index : -1;
  }
}
