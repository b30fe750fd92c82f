/*
 * Licensed under the Apache License, Version 2.0.
 */
package io.eloqstore.crash;

import io.eloqstore.EloqStore;
import io.eloqstore.api.PartitionId;
import io.eloqstore.api.ShardOptions;
import io.eloqstore.api.StoreException;
import io.eloqstore.api.StoreOptions;
import io.eloqstore.shard.Shard;
import java.nio.file.Path;

/** The child of {@link ErrorTest}: tries to open a partition and says how that went. */
final class LockingChild {
  private LockingChild() {}

  /** Argument: directory of the store. */
  public static void main(String[] arguments) {
    try (Shard shard = EloqStore.openShard(ShardOptions.defaults());
        EloqStore store = EloqStore.open(shard, Path.of(arguments[0]), StoreOptions.defaults())) {
      store.openPartition(new PartitionId("t", 0));
      System.out.println("opened");
    } catch (StoreException e) {
      System.out.println(e.code() + " " + e.getMessage());
    }
  }
}
