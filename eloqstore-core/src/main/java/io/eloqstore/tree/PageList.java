/*
 * Licensed under the Apache License, Version 2.0.
 */
package io.eloqstore.tree;

import java.util.Arrays;

/** A list of ints that grows; the last one is taken first. */
final class PageList {
  private int[] items = new int[16];
  private int size;

  void add(int item) {
    if (size == items.length) {
      items = Arrays.copyOf(items, size * 2);
    }
    items[size++] = item;
  }

  int size() {
    return size;
  }

  int takeLast() {
    return items[--size];
  }

  int[] toArray() {
    return Arrays.copyOf(items, size);
  }
}
