/*
 * Licensed under the Apache License, Version 2.0.
 */
package io.eloqstore.flink.checkpoint;

import static org.assertj.core.api.Assertions.assertThat;

import io.eloqstore.api.PartitionImage.ImageFile;
import java.util.ArrayList;
import java.util.List;
import java.util.UUID;
import org.apache.flink.runtime.state.memory.ByteStreamStateHandle;
import org.junit.jupiter.api.Test;

/** Which earlier uploads a checkpoint builds upon, as checkpoints are confirmed and aborted. */
class RangeLedgerTest {
  private final RangeLedger ledger = new RangeLedger();

  @Test
  void nothingIsReusedBeforeTheFirstConfirmation() {
    take(1, true, 100);
    assertThat(take(2, true, 200).reused()).isEmpty();
  }

  @Test
  void confirmedRangesAreReused() {
    take(1, true, 100);
    ledger.confirm(1);
    RangePlan second = take(2, true, 150);
    assertThat(paths(second.reused())).containsExactly("0/data_1_0@0-100");
    assertThat(uploads(second)).containsExactly("0/data_1_0@100-150");
  }

  @Test
  void abortedCheckpointIsNotBuiltUpon() {
    take(1, true, 100);
    ledger.confirm(1);
    take(2, true, 150);
    ledger.abort(2);
    RangePlan third = take(3, true, 180);
    assertThat(paths(third.reused())).containsExactly("0/data_1_0@0-100");
    assertThat(uploads(third)).containsExactly("0/data_1_0@100-180");
  }

  @Test
  void confirmationOfAnUnknownSavepointChangesNothing() {
    take(1, true, 100);
    ledger.confirm(1);
    ledger.confirm(7);
    assertThat(take(8, true, 100).uploads()).isEmpty();
  }

  @Test
  void lateConfirmationOfAnOlderCheckpointChangesNothing() {
    take(1, true, 100);
    take(2, true, 150);
    ledger.confirm(2);
    ledger.confirm(1);
    assertThat(take(3, true, 250).reused()).hasSize(1);
  }

  @Test
  void abortOfAConfirmedCheckpointIsIgnored() {
    take(1, true, 100);
    ledger.confirm(1);
    ledger.abort(1);
    assertThat(take(2, true, 100).uploads()).isEmpty();
  }

  @Test
  void fullCheckpointUploadsEverythingAndLaterOnesBuildOnIt() {
    take(1, true, 100);
    ledger.confirm(1);
    assertThat(take(2, false, 100).reused()).isEmpty();
    ledger.confirm(2);
    assertThat(take(3, true, 100).uploads()).isEmpty();
  }

  @Test
  void whatALaterPendingCheckpointReplacedIsNotReused() {
    take(1, true, 100);
    ledger.confirm(1);
    take(2, false, 100);
    // The JobManager may complete 2 and drop the files of 1 before this side hears of it.
    assertThat(take(3, true, 100).reused()).isEmpty();
  }

  @Test
  void whatAFullCheckpointOnItsWayMayReplaceIsNotReused() {
    take(1, true, 100);
    ledger.confirm(1);
    ledger.begin(2, false);
    assertThat(take(3, true, 100).reused()).isEmpty();
  }

  @Test
  void incrementalCheckpointsOnTheirWayShareTheirBase() {
    take(1, true, 100);
    ledger.confirm(1);
    ledger.begin(2, true);
    ledger.begin(3, true);
    assertThat(ledger.plan(3, files(130), stored -> true).reused()).hasSize(1);
    assertThat(ledger.plan(2, files(120), stored -> true).reused()).hasSize(1);
  }

  @Test
  void rangesAreCombinedOnlyWhenAlone() {
    long length = 0;
    for (int id = 1; id <= 16; id++) {
      length += 10;
      take(id, true, length);
      ledger.confirm(id);
    }
    ledger.begin(17, true);
    ledger.begin(18, true);
    assertThat(ledger.plan(17, files(170), stored -> true).reused()).hasSize(16);
    ledger.abort(17);
    assertThat(ledger.plan(18, files(180), stored -> true).reused()).isEmpty();
  }

  @Test
  void storageMayForbidReuse() {
    take(1, true, 100);
    ledger.confirm(1);
    ledger.begin(2, true);
    assertThat(ledger.plan(2, files(100), stored -> false).reused()).isEmpty();
  }

  @Test
  void rolledManifestSharesNothingWithTheOneBefore() {
    ledger.begin(1, true);
    RangePlan first = ledger.plan(1, manifest(1, 100), stored -> true);
    ledger.uploaded(1, stored(first));
    ledger.confirm(1);
    ledger.begin(2, true);
    assertThat(ledger.plan(2, manifest(2, 100), stored -> true).reused()).isEmpty();
    ledger.begin(3, true);
    assertThat(ledger.plan(3, manifest(1, 120), stored -> true).reused()).isEmpty();
  }

  @Test
  void restoredRangesCountAsConfirmed() {
    ledger.restored(
        5,
        List.of(
            new StoredRange(
                new FileRange(0, "data_1_0", 0, 0, 100),
                new ByteStreamStateHandle("restored", new byte[1]))));
    RangePlan next = take(6, true, 110);
    assertThat(paths(next.reused())).containsExactly("0/data_1_0@0-100");
  }

  private RangePlan take(long id, boolean incremental, long length) {
    ledger.begin(id, incremental);
    RangePlan plan = ledger.plan(id, files(length), stored -> true);
    ledger.uploaded(id, stored(plan));
    return plan;
  }

  private static List<PartFile> files(long length) {
    return List.of(file("data_1_0", 0, length));
  }

  private static List<PartFile> manifest(long incarnation, long length) {
    return List.of(file("manifest_0", incarnation, length));
  }

  private static List<StoredRange> stored(RangePlan plan) {
    List<StoredRange> stored = new ArrayList<>();
    for (RangePlan.Upload upload : plan.uploads()) {
      stored.add(
          new StoredRange(
              upload.range(),
              new ByteStreamStateHandle(UUID.randomUUID().toString(), new byte[1])));
    }
    return stored;
  }

  private static List<String> paths(List<StoredRange> stored) {
    return stored.stream().map(range -> range.range().localPath()).toList();
  }

  private static List<String> uploads(RangePlan plan) {
    return plan.uploads().stream().map(upload -> upload.range().localPath()).toList();
  }

  private static PartFile file(String name, long incarnation, long length) {
    return new PartFile(0, null, new ImageFile(name, incarnation, length));
  }
}
