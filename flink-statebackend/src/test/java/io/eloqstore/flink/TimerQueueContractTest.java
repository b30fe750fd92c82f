/*
 * Licensed under the Apache License, Version 2.0.
 */
package io.eloqstore.flink;

import java.util.List;
import org.apache.flink.runtime.state.InternalPriorityQueue;
import org.apache.flink.runtime.state.InternalPriorityQueueTestBase;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;

/** Flink's contract of timer queues, on a queue that lies in the store. */
class TimerQueueContractTest extends InternalPriorityQueueTestBase {
  private SwitchedBackend opened;

  @BeforeEach
  void open() throws Exception {
    opened =
        SwitchedBackend.open(
            true, KEY_GROUP_RANGE, KEY_GROUP_RANGE.getNumberOfKeyGroups(), List.of());
  }

  @AfterEach
  void close() throws Exception {
    opened.close();
  }

  @Override
  protected InternalPriorityQueue<TestElement> newPriorityQueue(int initialCapacity) {
    return opened.backend().create("queue", TestElementSerializer.INSTANCE);
  }

  @Override
  protected boolean testSetSemanticsAgainstDuplicateElements() {
    return true;
  }
}
