/*
 * Licensed under the Apache License, Version 2.0.
 */
package io.eloqstore.partition;

import io.eloqstore.api.CorruptionException;
import io.eloqstore.api.PartitionImage;
import io.eloqstore.api.StoreErrorCode;
import io.eloqstore.api.StoreException;
import io.eloqstore.file.FileSet;
import io.eloqstore.io.BlockFile;
import io.eloqstore.io.OpenMode;
import io.eloqstore.manifest.ManifestExtent;
import io.eloqstore.manifest.ManifestImage;
import io.eloqstore.mapping.MappingSnapshot;
import io.eloqstore.memory.MemoryBudget;
import io.eloqstore.memory.MemoryUse;
import io.eloqstore.metrics.WriteCause;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.TreeSet;

/**
 * The image of one commit. Holds its root, which keeps its data files, and a handle of its own on
 * the manifest, which keeps the bytes when the manifest is rolled.
 */
final class CommittedImage implements PartitionImage {
  private final PartitionContext context;
  private final Root root;
  private final BlockFile manifestFile;
  private final ImageFile manifest;
  private final List<ImageFile> dataFiles;
  private final List<Long> fileIds;
  private final byte[] description;
  private boolean closed;

  private CommittedImage(
      PartitionContext context,
      Root root,
      BlockFile manifestFile,
      ImageFile manifest,
      List<ImageFile> dataFiles,
      List<Long> fileIds,
      byte[] description) {
    this.context = context;
    this.root = root;
    this.manifestFile = manifestFile;
    this.manifest = manifest;
    this.dataFiles = dataFiles;
    this.fileIds = fileIds;
    this.description = description;
  }

  /** Called while nothing else is committed. */
  static CommittedImage open(
      PartitionContext context, Root root, Path manifestPath, ManifestExtent extent) {
    FileSet files = context.files();
    List<Long> fileIds = fileIds(root);
    List<ImageFile> dataFiles = new ArrayList<>();
    List<ManifestImage.DataFileLength> lengths = new ArrayList<>();
    for (long fileId : fileIds) {
      long length = files.writtenBytes(fileId);
      dataFiles.add(new ImageFile(files.file(fileId).path().getFileName().toString(), 0, length));
      lengths.add(new ManifestImage.DataFileLength(fileId, files.file(fileId).term(), length));
    }
    BlockFile manifestFile = context.io().open(manifestPath, OpenMode.READ);
    root.retain();
    CommittedImage image =
        new CommittedImage(
            context,
            root,
            manifestFile,
            new ImageFile(
                manifestPath.getFileName().toString(), extent.incarnation(), extent.length()),
            List.copyOf(dataFiles),
            fileIds,
            ManifestImage.of(extent, lengths).encode());
    context.pins().add(image);
    return image;
  }

  /** Files of the tree and of the change segments, ascending. */
  private static List<Long> fileIds(Root root) {
    TreeSet<Long> ids = new TreeSet<>();
    MappingSnapshot mapping = root.mapping();
    for (int i = 0; i < mapping.fileCount(); i++) {
      ids.add(mapping.fileId(i));
    }
    for (Segment segment : root.segments()) {
      ids.add(segment.fileId());
    }
    return List.copyOf(ids);
  }

  @Override
  public ImageFile manifest() {
    return manifest;
  }

  @Override
  public List<ImageFile> dataFiles() {
    return dataFiles;
  }

  @Override
  public byte[] description() {
    return description.clone();
  }

  @Override
  public void read(ImageFile file, long position, byte[] target, int offset, int length) {
    if (file == null || position < 0 || length < 0 || position > file.length() - length) {
      throw new StoreException(
          StoreErrorCode.INVALID_ARGUMENT,
          "bytes " + position + " to " + (position + length) + " of file " + file);
    }
    BlockFile source = source(file);
    MemoryBudget budget = context.budget();
    long block = budget.allocate(MemoryBudget.BLOCK_BYTES_MAX, MemoryUse.IO);
    int blockBytes = MemoryBudget.BLOCK_BYTES_MAX;
    if (block == MemoryBudget.NONE) {
      blockBytes = 2 * MemoryBudget.SLOT_BYTES;
      block = budget.allocate(blockBytes, MemoryUse.IO);
    }
    if (block == MemoryBudget.NONE) {
      throw noBlock("read an image");
    }
    try {
      copy(source, file, position, block, blockBytes, target, offset, length);
    } finally {
      budget.free(block, blockBytes, MemoryUse.IO);
    }
  }

  @Override
  public void linkTo(Path directory) {
    checkOpen();
    context.io().createDirectories(directory);
    List<Path> made = new ArrayList<>();
    try {
      for (ImageFile file : dataFiles) {
        Path link = directory.resolve(file.name());
        context.io().link(source(file).path(), link);
        made.add(link);
      }
      copyManifest(directory.resolve(manifest.name()), made);
    } catch (RuntimeException | Error e) {
      for (Path path : made) {
        try {
          context.io().delete(path);
        } catch (StoreException late) {
          e.addSuppressed(late);
        }
      }
      throw e;
    }
  }

  /** Its length and every position is a multiple of the layout unit of the disk. */
  private void copyManifest(Path target, List<Path> made) {
    MemoryBudget budget = context.budget();
    int blockBytes = (int) Math.min(MemoryBudget.BLOCK_BYTES_MAX, manifest.length());
    long block = budget.allocate(blockBytes, MemoryUse.IO);
    if (block == MemoryBudget.NONE) {
      blockBytes = MemoryBudget.SLOT_BYTES;
      block = budget.allocate(blockBytes, MemoryUse.IO);
    }
    if (block == MemoryBudget.NONE) {
      throw noBlock("copy a manifest");
    }
    try (BlockFile copy = context.io().open(target, OpenMode.CREATE_NEW)) {
      made.add(target);
      BlockFile source = source(manifest);
      for (long at = 0; at < manifest.length(); at += blockBytes) {
        int wanted = (int) Math.min(blockBytes, manifest.length() - at);
        int read = source.read(at, block, wanted);
        if (read < wanted) {
          throw new CorruptionException(
              source.path().toString(), at, "bytes of " + manifest.name(), wanted, read);
        }
        copy.write(at, block, wanted);
        context.counters().wrote(WriteCause.IMAGE, wanted);
      }
    } finally {
      budget.free(block, blockBytes, MemoryUse.IO);
    }
  }

  private StoreException noBlock(String what) {
    return new StoreException(
        StoreErrorCode.OUT_OF_MEMORY,
        "no block to " + what + " with: budget " + context.budget().budgetBytes() + " bytes");
  }

  private void copy(
      BlockFile source,
      ImageFile file,
      long position,
      long block,
      int blockBytes,
      byte[] target,
      int offset,
      int length) {
    int done = 0;
    while (done < length) {
      long at = position + done;
      // Reads begin and end on the layout unit of the disk.
      long from = at & -MemoryBudget.SLOT_BYTES;
      int skip = (int) (at - from);
      int wanted = Math.min(length - done, blockBytes - skip);
      int aligned = skip + wanted + MemoryBudget.SLOT_BYTES - 1 & -MemoryBudget.SLOT_BYTES;
      int read = source.read(from, block, aligned);
      if (read < skip + wanted) {
        throw new CorruptionException(
            source.path().toString(), from, "bytes of " + file.name(), skip + wanted, read);
      }
      context.arena().get(block + skip, target, offset + done, wanted);
      done += wanted;
    }
  }

  private synchronized void checkOpen() {
    if (closed) {
      throw new StoreException(
          StoreErrorCode.CLOSED, "the image of partition " + context.id() + " is closed");
    }
  }

  private synchronized BlockFile source(ImageFile file) {
    checkOpen();
    if (file.equals(manifest)) {
      return manifestFile;
    }
    int index = dataFiles.indexOf(file);
    if (index < 0) {
      throw new StoreException(StoreErrorCode.INVALID_ARGUMENT, file + " is no file of this image");
    }
    return context.files().handle(fileIds.get(index));
  }

  @Override
  public synchronized void close() {
    if (closed) {
      return;
    }
    closed = true;
    context.pins().remove(this);
    try {
      manifestFile.close();
    } finally {
      root.release();
    }
    context.deleteUnreferencedFiles();
  }
}
