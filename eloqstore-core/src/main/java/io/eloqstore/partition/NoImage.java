/*
 * Licensed under the Apache License, Version 2.0.
 */
package io.eloqstore.partition;

import io.eloqstore.api.PartitionImage;
import io.eloqstore.api.StoreException;
import java.nio.file.Path;
import java.util.List;

/** What a commit without append mode gives: the files go on being overwritten, so it has none. */
final class NoImage implements PartitionImage {
  private final PartitionContext context;

  NoImage(PartitionContext context) {
    this.context = context;
  }

  private StoreException refuse() {
    return context.refusedInPlace("an image");
  }

  @Override
  public ImageFile manifest() {
    throw refuse();
  }

  @Override
  public List<ImageFile> dataFiles() {
    throw refuse();
  }

  @Override
  public void read(ImageFile file, long position, byte[] target, int offset, int length) {
    throw refuse();
  }

  @Override
  public void linkTo(Path directory) {
    throw refuse();
  }

  @Override
  public byte[] description() {
    throw refuse();
  }

  @Override
  public void close() {
    // It holds nothing.
  }
}
