/*
 * Licensed under the Apache License, Version 2.0.
 */
package io.eloqstore.api;

import java.nio.file.Path;
import java.util.List;

/**
 * The files and lengths that hold one committed content exactly (architecture D11). While it is
 * open none of its bytes change and none of its files is deleted.
 *
 * <p>Any thread.
 */
public interface PartitionImage extends AutoCloseable {

  /**
   * One file of an image.
   *
   * @param name file name inside the partition's directory
   * @param incarnation tells apart files that had this name one after the other (a rolled manifest)
   * @param length bytes of the file that belong to the image; more may lie behind them
   */
  record ImageFile(String name, long incarnation, long length) {}

  /** The manifest. */
  ImageFile manifest();

  /** Data files, ascending by id; a file without a live page of this content is not among them. */
  List<ImageFile> dataFiles();

  /**
   * Reads bytes of a file of the image.
   *
   * @param position bytes from the start of the file; position + length lies within the image's
   *     length
   * @throws StoreException {@link StoreErrorCode#CLOSED} after close
   */
  void read(ImageFile file, long position, byte[] target, int offset, int length);

  /**
   * Makes a local copy of the image: links the data files into a directory of the same file system
   * and copies the manifest's bytes of the image, for the manifest goes on being written in place.
   * A linked file may grow behind the image's length; what a restore needs of it never changes.
   * Nothing is forced. When it fails, what it made is removed again.
   *
   * @param directory made if it is absent; holds none of the image's files
   * @throws StoreException {@link StoreErrorCode#CLOSED} after close, {@link
   *     StoreErrorCode#IO_FAILED} when a file of that name is there or the file system makes no
   *     links
   */
  void linkTo(Path directory);

  /**
   * What a restore must find: lengths, record count, checksum of the manifest. An opaque text of
   * bytes for {@code EloqStore}'s restore.
   */
  byte[] description();

  /** Lets files and bytes go. Does nothing the second time. */
  @Override
  void close();
}
