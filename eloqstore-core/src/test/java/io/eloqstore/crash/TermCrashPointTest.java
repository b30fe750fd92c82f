/*
 * Licensed under the Apache License, Version 2.0.
 */
package io.eloqstore.crash;

import io.eloqstore.api.StoreOptions;

/**
 * The same by an owner of a higher term than the one that wrote first: its first commit writes
 * another manifest and deletes the old one.
 */
class TermCrashPointTest extends CrashPointTest {

  @Override
  int seeds() {
    return 1;
  }

  @Override
  StoreOptions nextOwner(StoreOptions before) {
    return before.withTerm(before.term() + 3);
  }
}
