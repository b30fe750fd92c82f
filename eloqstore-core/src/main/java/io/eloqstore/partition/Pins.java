/*
 * Licensed under the Apache License, Version 2.0.
 */
package io.eloqstore.partition;

import io.eloqstore.api.StoreClock;
import java.util.LinkedHashMap;
import java.util.Map;

/**
 * Since when iterators, freeze points and images of a partition are open: they keep pages and
 * buffers from becoming free. Any thread.
 */
final class Pins {
  private final StoreClock clock;
  // In the order they were opened. None of them says that it equals another.
  private final Map<Object, Long> sinceMs = new LinkedHashMap<>();

  Pins(StoreClock clock) {
    this.clock = clock;
  }

  synchronized void add(Object pin) {
    sinceMs.put(pin, clock.nowMs());
  }

  /** Fine if it is not there. */
  synchronized void remove(Object pin) {
    sinceMs.remove(pin);
  }

  synchronized boolean isEmpty() {
    return sinceMs.isEmpty();
  }

  /** Age of the oldest one; 0 when there is none, or the clock was set back. */
  synchronized long oldestMs() {
    return sinceMs.isEmpty() ? 0 : Math.max(0, clock.nowMs() - sinceMs.values().iterator().next());
  }
}
