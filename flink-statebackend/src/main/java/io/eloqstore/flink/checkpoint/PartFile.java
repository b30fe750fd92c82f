/*
 * Licensed under the Apache License, Version 2.0.
 */
package io.eloqstore.flink.checkpoint;

import io.eloqstore.api.PartitionImage;
import io.eloqstore.api.PartitionImage.ImageFile;
import java.util.ArrayList;
import java.util.List;

/**
 * One file of a snapshot.
 *
 * @param part index of its partition in the backend
 * @param image whose file it is
 */
record PartFile(int part, PartitionImage image, ImageFile file) {

  /** All files of the images, the manifest of each last. */
  static List<PartFile> of(List<PartitionImage> images) {
    List<PartFile> files = new ArrayList<>();
    for (int part = 0; part < images.size(); part++) {
      PartitionImage image = images.get(part);
      for (ImageFile file : image.dataFiles()) {
        files.add(new PartFile(part, image, file));
      }
      files.add(new PartFile(part, image, image.manifest()));
    }
    return files;
  }

  String name() {
    return file.name();
  }

  long length() {
    return file.length();
  }

  void read(long position, byte[] target, int length) {
    image.read(file, position, target, 0, length);
  }
}
