/*
 * Licensed under the Apache License, Version 2.0.
 */
package io.eloqstore.partition;

import java.util.List;

/**
 * What {@link PartitionVerifier} found.
 *
 * @param findings one line each, beginning with what it is about ({@code orphan:}, {@code torn
 *     tail:}, the name of a manifest ...); empty when the partition is sound
 * @param entries entries of the newest manifest's tree, as far as it could be walked
 * @param pages pages that it maps
 * @param dataFiles data files in the directory
 * @param manifestRecords records of the newest manifest
 * @param archives archives in the directory
 */
public record PartitionReport(
    List<String> findings,
    long entries,
    long pages,
    int dataFiles,
    int manifestRecords,
    int archives) {

  public PartitionReport {
    findings = List.copyOf(findings);
  }

  public boolean isClean() {
    return findings.isEmpty();
  }
}
