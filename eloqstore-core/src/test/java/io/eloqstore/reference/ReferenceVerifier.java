/*
 * Licensed under the Apache License, Version 2.0.
 */
package io.eloqstore.reference;

import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;

/** Tells what is wrong with a partition directory; to be run after a test has closed the store. */
public final class ReferenceVerifier {
  private ReferenceVerifier() {}

  /** Findings about the current manifest and all it names; empty when all is well. */
  public static List<String> verify(Path partitionDirectory, int pageBytes, int pagesPerFileShift)
      throws IOException {
    return verify(partitionDirectory, pageBytes, pagesPerFileShift, Set.of());
  }

  /**
   * As the other {@code verify}, for a store with pending cuts.
   *
   * @param sweptLater pages that may still be mapped though no tree reaches them any more; what
   *     lies in them is not looked at
   */
  public static List<String> verify(
      Path partitionDirectory, int pageBytes, int pagesPerFileShift, Set<Integer> sweptLater)
      throws IOException {
    try {
      String manifestName = ReferenceStore.currentManifest(partitionDirectory);
      return verify(partitionDirectory, pageBytes, pagesPerFileShift, manifestName, sweptLater);
    } catch (DecodeException e) {
      return List.of(e.getMessage());
    }
  }

  /** As the others, through the named manifest or archive of the directory. */
  public static List<String> verify(
      Path partitionDirectory,
      int pageBytes,
      int pagesPerFileShift,
      String manifestName,
      Set<Integer> sweptLater)
      throws IOException {
    ReferenceStore store;
    try {
      store = ReferenceStore.load(partitionDirectory, pageBytes, pagesPerFileShift, manifestName);
    } catch (DecodeException e) {
      return List.of(e.getMessage());
    }
    List<String> findings = new ArrayList<>(store.findings());
    List<Integer> lost =
        store.unreachablePages().stream().filter(page -> !sweptLater.contains(page)).toList();
    if (!lost.isEmpty()) {
      findings.add(lost.size() + " pages are mapped but not reachable, as " + lost.get(0));
    }
    return List.copyOf(findings);
  }
}
