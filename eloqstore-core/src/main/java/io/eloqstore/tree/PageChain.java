/*
 * Licensed under the Apache License, Version 2.0.
 */
package io.eloqstore.tree;

/**
 * Takes the output pages of one level in key order and writes each when the next one is known.
 *
 * <p>One page is held back: the page after it may be joined with it, and a leaf's link to the right
 * is known only when the next leaf is. One thread.
 */
class PageChain {
  final TreePages pages;
  final int cacheMark;
  OutputPage held;

  PageChain(TreePages pages, int cacheMark) {
    this.pages = pages;
    this.cacheMark = cacheMark;
  }

  /** The base pages that the next outputs replace begin here. */
  void begin(int firstId, int firstPrevious) {}

  /** The base pages that the last outputs replaced end here. */
  void end(int lastId, int lastNext) {}

  /** Places a page to the right of all before. */
  void output(OutputPage page) {
    writeHeld();
    held = page;
  }

  /** The held page if it has this id; it stays held. */
  final OutputPage peek(int id) {
    return held != null && held.id == id ? held : null;
  }

  /** Takes the held page back; what is built from it comes under the same id. */
  void takeHeld() {
    pages.release(held.at);
    held = null;
  }

  /** A page to the left, not held, is taken in; what is built from it keeps its id. */
  void takeLeft(int id, int previous) {}

  /** Writes what is held and mends the links around it. */
  void finish() {
    writeHeld();
  }

  final void writeHeld() {
    if (held != null) {
      OutputPage page = held;
      held = null;
      write(page);
    }
  }

  void write(OutputPage page) {
    pages.write(page.id, page.at, cacheMark);
    pages.release(page.at);
  }
}
