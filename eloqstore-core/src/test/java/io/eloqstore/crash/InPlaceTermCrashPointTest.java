/*
 * Licensed under the Apache License, Version 2.0.
 */
package io.eloqstore.crash;

import io.eloqstore.api.StoreOptions;

/** Places of pages that an owner of a lower term wrote are written again by one of a higher. */
class InPlaceTermCrashPointTest extends InPlaceCrashPointTest {

  @Override
  int seeds() {
    return 1;
  }

  @Override
  StoreOptions nextOwner(StoreOptions before) {
    return before.withTerm(before.term() + 3);
  }
}
