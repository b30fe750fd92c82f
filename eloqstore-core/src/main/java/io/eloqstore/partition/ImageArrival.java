/*
 * Licensed under the Apache License, Version 2.0.
 */
package io.eloqstore.partition;

import io.eloqstore.api.CorruptionException;
import io.eloqstore.api.ImageFiles;
import io.eloqstore.api.StoreErrorCode;
import io.eloqstore.api.StoreException;
import io.eloqstore.file.FileNames;
import io.eloqstore.file.FileSet;
import io.eloqstore.manifest.ManifestImage;
import java.io.IOException;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.SortedMap;
import java.util.SortedSet;
import java.util.TreeMap;
import java.util.TreeSet;

/**
 * Brings data files of an image into the partition's directory when they are first needed, and
 * holds each against the length that the image gives it. One thread.
 */
final class ImageArrival {
  private final FileSet files;
  private final ImageFiles source;
  private final SortedMap<Long, ManifestImage.DataFileLength> image = new TreeMap<>();
  private final Set<Long> present = new HashSet<>();

  ImageArrival(FileSet files, ManifestImage image, ImageFiles source) {
    this.files = files;
    this.source = source;
    for (ManifestImage.DataFileLength file : image.files()) {
      this.image.put(file.fileId(), file);
    }
  }

  /** Every file of the image. */
  void requireAll() {
    require(new TreeSet<>(image.keySet()));
  }

  /**
   * Returns when these files are there, those that are missing or too short fetched in one call.
   *
   * @throws CorruptionException when the image does not name one, or one is missing or too short
   *     after the fetch
   * @throws StoreException {@code IO_FAILED} when the fetch failed
   */
  void require(SortedSet<Long> fileIds) {
    List<ManifestImage.DataFileLength> missing = new ArrayList<>();
    for (Long fileId : fileIds) {
      ManifestImage.DataFileLength file = image.get(fileId);
      if (file == null) {
        throw new CorruptionException(
            files.directory().toString(),
            -1,
            "data file " + fileId + " with live pages",
            "a file of the image",
            "another one");
      }
      if (present.contains(fileId)) {
        continue;
      }
      if (files.contains(fileId) && files.writtenBytes(fileId) >= file.length()) {
        present.add(fileId);
      } else {
        missing.add(file);
      }
    }
    if (!missing.isEmpty()) {
      fetch(missing);
    }
  }

  private void fetch(List<ManifestImage.DataFileLength> missing) {
    List<String> names = missing.stream().map(ImageArrival::name).toList();
    try {
      source.fetch(names);
    } catch (IOException e) {
      throw new StoreException(
          StoreErrorCode.IO_FAILED,
          files.directory() + ": fetching the data files " + names + " failed: " + e.getMessage(),
          e);
    }
    for (ManifestImage.DataFileLength file : missing) {
      long found = files.look(file.fileId());
      if (found < file.length()) {
        throw new CorruptionException(
            files.directory().resolve(name(file)).toString(),
            -1,
            "length of data file " + file.fileId() + " of the image",
            file.length(),
            found < 0 ? "no such file" : found);
      }
      present.add(file.fileId());
    }
  }

  private static String name(ManifestImage.DataFileLength file) {
    return FileNames.data(file.fileId(), file.term());
  }
}
