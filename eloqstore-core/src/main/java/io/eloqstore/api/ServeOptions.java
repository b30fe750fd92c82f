/*
 * Licensed under the Apache License, Version 2.0.
 */
package io.eloqstore.api;

/**
 * How a partition is served. Immutable.
 *
 * @param durability when writes are published
 */
public record ServeOptions(ServeDurability durability) {

  public ServeOptions {
    if (durability == null) {
      throw new IllegalArgumentException("durability must not be null");
    }
  }

  /** Writes are published before their futures complete. */
  public static ServeOptions defaults() {
    return new ServeOptions(ServeDurability.eachCommit());
  }

  public ServeOptions withDurability(ServeDurability value) {
    return new ServeOptions(value);
  }
}
