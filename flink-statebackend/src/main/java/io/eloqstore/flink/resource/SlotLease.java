/*
 * Licensed under the Apache License, Version 2.0.
 */
package io.eloqstore.flink.resource;

import io.eloqstore.flink.config.BackendSettings;
import java.io.IOException;
import org.apache.flink.runtime.memory.MemoryManager;
import org.apache.flink.runtime.memory.OpaqueMemoryResource;

/**
 * One backend's share in the engine of its slot. The first lease opens the engine, the last one to
 * be closed closes it and gives the memory back.
 */
public final class SlotLease implements AutoCloseable {
  static final String MANAGED_RESOURCE = "state-eloq-managed-memory";
  static final String FIXED_RESOURCE = "state-eloq-fixed-slot-memory";

  private final OpaqueMemoryResource<SlotEngine> resource;

  private SlotLease(OpaqueMemoryResource<SlotEngine> resource) {
    this.resource = resource;
  }

  /**
   * @param fraction share of the slot's managed memory that belongs to state backends, above 0
   *     unless memory is fixed per slot
   */
  public static SlotLease acquire(
      MemoryManager slotMemory, double fraction, BackendSettings settings, EngineFactory factory)
      throws IOException {
    boolean directIo = settings.directIo();
    try {
      if (settings.fixedBytesPerSlot() > 0) {
        return new SlotLease(
            slotMemory.getExternalSharedMemoryResource(
                FIXED_RESOURCE,
                bytes -> factory.open(bytes, directIo),
                settings.fixedBytesPerSlot()));
      }
      return new SlotLease(
          slotMemory.getSharedMemoryResourceForManagedMemory(
              MANAGED_RESOURCE, bytes -> factory.open(bytes, directIo), fraction));
    } catch (Exception e) {
      throw new IOException(
          "Could not open the EloqStore engine of the slot: managed fraction "
              + fraction
              + ", fixed bytes "
              + settings.fixedBytesPerSlot(),
          e);
    }
  }

  public SlotEngine engine() {
    return resource.getResourceHandle();
  }

  @Override
  public void close() throws IOException {
    try {
      resource.close();
    } catch (Exception e) {
      throw new IOException("Could not release the EloqStore engine of the slot", e);
    }
  }
}
