/*
 * Licensed under the Apache License, Version 2.0.
 */
package io.eloqstore.partition;

import io.eloqstore.api.ImageFiles;
import io.eloqstore.api.PartitionImage;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.function.Function;
import java.util.stream.Collectors;

/** Copies the files of an image to where they are wanted, and remembers which. */
final class CopiedImage implements ImageFiles {
  private final PartitionImage image;
  private final Map<String, PartitionImage.ImageFile> files;
  private final Path target;

  /** The names of each call. */
  final List<List<String>> calls = new ArrayList<>();

  /**
   * Copies the manifest.
   *
   * @param target of the files
   */
  CopiedImage(PartitionImage image, Path target) throws IOException {
    this.image = image;
    this.target = target;
    this.files =
        image.dataFiles().stream()
            .collect(Collectors.toMap(PartitionImage.ImageFile::name, Function.identity()));
    Files.createDirectories(target);
    copy(image.manifest(), image.manifest().length());
  }

  void copy(PartitionImage.ImageFile file, long length) throws IOException {
    byte[] bytes = new byte[(int) length];
    image.read(file, 0, bytes, 0, bytes.length);
    Files.write(target.resolve(file.name()), bytes);
  }

  PartitionImage.ImageFile file(String name) {
    return files.get(name);
  }

  @Override
  public void fetch(List<String> names) throws IOException {
    calls.add(names);
    for (String name : names) {
      copy(file(name), file(name).length());
    }
  }

  List<String> fetched() {
    return calls.stream().flatMap(List::stream).toList();
  }
}
