/*
 * Licensed under the Apache License, Version 2.0.
 */
package io.eloqstore.tree;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import io.eloqstore.api.KeyRange;
import io.eloqstore.tree.TreeWorld.Change;
import java.util.Arrays;
import java.util.List;
import java.util.NavigableMap;
import java.util.TreeMap;
import org.junit.jupiter.api.Test;

/** What is broken is found. */
class TreeVerifierTest {

  private static TreeWorld loaded() {
    TreeWorld world = new TreeWorld(4096);
    NavigableMap<byte[], Change> changes = new TreeMap<>(Arrays::compareUnsigned);
    for (int i = 0; i < 5_000; i++) {
      changes.put(String.format("%06d", i).getBytes(UTF_8), Change.put(new byte[30]));
    }
    world.merge(changes);
    return world;
  }

  private static List<String> findings(TreeWorld world) {
    TreeVerifier verifier =
        new TreeVerifier(world, world.mapping::filePage, world.mapping.pageCount());
    verifier.tree(world.root);
    return verifier.finish();
  }

  @Test
  void soundTreeHasNoFindings() {
    try (TreeWorld world = loaded()) {
      assertThat(findings(world)).isEmpty();
    }
  }

  @Test
  void swappedLeavesAreFound() {
    try (TreeWorld world = loaded()) {
      int first = world.leafIds().get(3);
      int second = world.leafIds().get(4);
      TreeVerifier verifier =
          new TreeVerifier(
              world,
              id -> world.mapping.filePage(id == first ? second : id == second ? first : id),
              world.mapping.pageCount());
      verifier.tree(world.root);
      assertThat(verifier.finish())
          .anyMatch(finding -> finding.contains("outside of"))
          .anyMatch(finding -> finding.contains("links"));
    }
  }

  @Test
  void pageInNoTreeIsFound() {
    try (TreeWorld world = loaded()) {
      TreeVerifier verifier =
          new TreeVerifier(
              world,
              id -> id == world.mapping.pageCount() ? 0 : world.mapping.filePage(id),
              world.mapping.pageCount() + 1);
      verifier.tree(world.root);
      assertThat(verifier.finish())
          .containsExactly("page " + world.mapping.pageCount() + " is mapped and in no tree");
    }
  }

  @Test
  void missingPageIsFound() {
    try (TreeWorld world = loaded()) {
      int lost = world.leafIds().get(5);
      TreeVerifier verifier =
          new TreeVerifier(
              world, id -> id == lost ? -1 : world.mapping.filePage(id), world.mapping.pageCount());
      verifier.tree(world.root);
      assertThat(verifier.finish()).contains("page " + lost + " is in a tree and not mapped");
    }
  }

  @Test
  void twoTreesShareOneMapping() {
    try (TreeWorld world = loaded()) {
      NavigableMap<byte[], Change> changes = new TreeMap<>(Arrays::compareUnsigned);
      for (int i = 0; i < 3_000; i++) {
        changes.put(String.format("ttl%06d", i).getBytes(UTF_8), Change.put(new byte[0]));
      }
      int main = world.root;
      int[] second = new int[1];
      world.rewrite(
          context -> {
            second[0] =
                new TreeMerger(context, MergeListener.NONE, world.statistics)
                    .merge(TreeMerger.EMPTY, world.cursor(changes));
            return main;
          });
      assertThat(findings(world)).isNotEmpty();
      TreeVerifier verifier =
          new TreeVerifier(world, world.mapping::filePage, world.mapping.pageCount());
      verifier.tree(main);
      verifier.tree(second[0]);
      assertThat(verifier.finish()).isEmpty();
      assertThat(verifier.entries()).isEqualTo(8_000);
    }
  }

  @Test
  void treeWithoutItsPendingCutsHasPagesLeftOver() {
    try (TreeWorld world = loaded()) {
      world.cut(new KeyRange("001".getBytes(UTF_8), "004".getBytes(UTF_8)));
      assertThat(findings(world)).isNotEmpty().allMatch(f -> f.contains("in no tree"));
      world.verify("with them");
    }
  }
}
