/*
 * Licensed under the Apache License, Version 2.0.
 */
package io.eloqstore.partition;

import static org.assertj.core.api.Assertions.assertThat;

import io.eloqstore.partition.CompactionPolicy.FileUse;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;

/** Which files are rewritten, at the edges of the bound and for random files. */
class CompactionPolicyTest {
  private static final CompactionPolicy POLICY = new CompactionPolicy(2);

  private static List<FileUse> files(long... livePages) {
    List<FileUse> files = new ArrayList<>();
    for (int i = 0; i < livePages.length; i++) {
      files.add(new FileUse(i, 100, livePages[i]));
    }
    return files;
  }

  private static long live(List<FileUse> files) {
    return files.stream().mapToLong(FileUse::livePages).sum();
  }

  @Test
  void nothingIsDoneUpToTheBound() {
    List<FileUse> files = files(50, 50, 50);
    assertThat(POLICY.isWanted(files, 150)).isFalse();
    assertThat(POLICY.choose(files, 150)).isEmpty();
    assertThat(POLICY.isWanted(files, 149)).isTrue();
    assertThat(POLICY.isWanted(List.of(), 0)).isFalse();
  }

  @Test
  void urgentIsAnEighthAboveTheBound() {
    assertThat(POLICY.isUrgent(files(40, 40), 89)).isFalse();
    assertThat(POLICY.isUrgent(files(40, 40), 88)).isTrue();
  }

  @Test
  void theSparsestFilesGoUntilTheRestIsWithinTheBound() {
    // 400 pages, 152 live: two files give back 184.
    assertThat(POLICY.choose(files(80, 1, 56, 15), 152)).containsExactly(1);
    assertThat(POLICY.choose(files(60, 1, 40, 15), 116)).containsExactly(1, 3);
  }

  @Test
  void filesOfUnequalLengthAreComparedByTheirShare() {
    List<FileUse> files = List.of(new FileUse(7, 10, 4), new FileUse(8, 1000, 20));
    assertThat(POLICY.choose(files, 24)).containsExactly(8);
    assertThat(POLICY.chooseAll(files)).containsExactly(7, 8);
    assertThat(POLICY.chooseAll(files(50, 49))).containsExactly(1);
  }

  @Test
  void whateverTheFilesAreTheChoiceBringsThemDownToTheBound() {
    for (long seed = 1; seed <= 500; seed++) {
      Random random = new Random(seed);
      CompactionPolicy policy = new CompactionPolicy(1 + random.nextInt(5));
      List<FileUse> files = new ArrayList<>();
      for (int i = random.nextInt(30); i >= 0; i--) {
        long written = 1 + random.nextInt(200);
        files.add(
            new FileUse(random.nextInt(1000) * 64L + i, written, 1 + random.nextLong(written)));
      }
      long live = live(files);
      long[] chosen = policy.choose(files, live);
      assertThat(chosen).as("seed " + seed).isSorted();
      assertThat(chosen.length > 0).as("seed " + seed).isEqualTo(policy.isWanted(files, live));
      long after = 0;
      for (FileUse file : files) {
        boolean moved = Arrays.binarySearch(chosen, file.fileId()) >= 0;
        after += moved ? file.livePages() : file.writtenPages();
      }
      assertThat(after).as("seed " + seed).isLessThanOrEqualTo(policy.fileFactor() * live);
    }
  }
}
