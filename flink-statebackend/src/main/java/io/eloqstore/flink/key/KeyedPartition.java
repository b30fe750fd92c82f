/*
 * Licensed under the Apache License, Version 2.0.
 */
package io.eloqstore.flink.key;

import io.eloqstore.api.OwnedPartition;
import org.apache.flink.runtime.state.KeyGroupRange;

/**
 * One partition of a keyed backend with the key groups it is responsible for.
 *
 * @param index place among the backend's partitions; names the files of the partition in a snapshot
 * @param keyGroups what the backend looks for here
 * @param partition may hold keys of other key groups before it is cut; nobody asks for them
 * @param ids under which this partition keeps the states; other partitions may use other ids
 */
public record KeyedPartition(
    int index, KeyGroupRange keyGroups, OwnedPartition partition, StateIds ids) {}
