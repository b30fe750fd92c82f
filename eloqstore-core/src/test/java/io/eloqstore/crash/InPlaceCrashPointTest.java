/*
 * Licensed under the Apache License, Version 2.0.
 */
package io.eloqstore.crash;

import static org.assertj.core.api.Assertions.assertThat;

import io.eloqstore.api.StoreOptions;
import java.io.IOException;
import org.junit.jupiter.api.Test;

/**
 * The same where places are written again: what a power cut leaves is a committed version, because
 * no place is written that the manifest on the disk may name.
 */
class InPlaceCrashPointTest extends CrashPointTest {

  @Override
  int seeds() {
    return 2;
  }

  @Override
  StoreOptions layout() {
    return StoreOptions.defaults().withAppendMode(false);
  }

  /** Not promised in place, see {@link StoreOptions.Durability#NEVER}. */
  @Override
  void powerCutWithoutForcesGivesAVersionOrCorruption() {
    // Other pages may lie in the places that the manifest names, sound in themselves.
  }

  /** In place nothing is compacted. */
  @Override
  void powerCutInACompactionAndTheDeletionOfItsFiles() {
    // Refused, see InPlaceTest.
  }

  /** In place nothing is compacted. */
  @Override
  void failedOperationInACompactionAndTheDeletionOfItsFiles() {
    // Refused, see InPlaceTest.
  }

  /** Every commit replaces most pages, so the third one writes where the first one did. */
  private static void overwritesEverything(CommittingRun run) {
    for (int round = 0; round < 4; round++) {
      for (int i = 0; i < 120; i += 3) {
        run.put(String.format("key%03d", i), "round" + round + "of" + i + "-".repeat(100));
      }
      run.flush();
      run.put("large1", LARGE + round);
      run.commit();
    }
  }

  @Test
  void powerCutWhileEverythingIsOverwritten() throws IOException {
    assertThat(crashAtEachPoint(options, InPlaceCrashPointTest::overwritesEverything))
        .isGreaterThan(30);
    assertThat(outcomes).contains(1, 2, 3, 4, 5);
  }

  @Test
  void failedOperationWhileEverythingIsOverwritten() throws IOException {
    assertThat(failAtEachPoint(options, InPlaceCrashPointTest::overwritesEverything))
        .isGreaterThan(30);
  }
}
