/*
 * Licensed under the Apache License, Version 2.0.
 */
package io.eloqstore.api;

import java.util.List;

/**
 * Some entries of a scan that lie one behind the other.
 *
 * @param entries in the order of the scan
 * @param hasRemaining whether the scan has more behind them
 */
public record ScanPage(List<StoredEntry> entries, boolean hasRemaining) {
  public ScanPage {
    entries = List.copyOf(entries);
  }
}
