/*
 * Licensed under the Apache License, Version 2.0.
 */
package io.eloqstore.cli;

import io.eloqstore.api.StoreErrorCode;
import io.eloqstore.api.StoreException;
import io.eloqstore.file.FileName;
import io.eloqstore.file.FileNames;
import io.eloqstore.io.IoBackend;
import java.nio.file.Path;
import java.util.List;
import picocli.CommandLine.Option;

/** Which manifest of the directory is meant. */
final class ManifestFile {
  @Option(
      names = "--manifest",
      paramLabel = "NAME",
      description =
          "File name of a manifest or an archive in DIR, as manifest_0_1795393395322602;"
              + " default is the newest manifest.")
  private String name;

  /** The name given, {@code null} when none was. */
  String nameOrNull() {
    return name;
  }

  /**
   * Path of the manifest given, or of the newest.
   *
   * @throws StoreException {@code NOT_FOUND} when the directory has none
   */
  Path in(IoBackend io, Path directory) {
    if (name == null) {
      return required(io, directory);
    }
    FileName parsed = FileNames.parse(name);
    if (!(parsed instanceof FileName.Manifest) && !(parsed instanceof FileName.Archive)) {
      throw new StoreException(
          StoreErrorCode.INVALID_ARGUMENT,
          directory + ": expected the name of a manifest or an archive, found " + name);
    }
    return directory.resolve(name);
  }

  /**
   * Path of the newest manifest.
   *
   * @throws StoreException {@code NOT_FOUND} when there is none or no directory
   */
  static Path required(IoBackend io, Path directory) {
    Path newest = newest(io, directory);
    if (newest == null) {
      throw new StoreException(
          StoreErrorCode.NOT_FOUND, directory + ": there is no manifest in this directory");
    }
    return newest;
  }

  /** Path of the newest manifest; {@code null} when there is none or no directory. */
  static Path newest(IoBackend io, Path directory) {
    if (!io.exists(directory)) {
      return null;
    }
    List<FileName> names =
        io.list(directory).stream().map(entry -> FileNames.parse(entry.name())).toList();
    FileName newest = FileNames.newestManifest(names);
    return newest == null ? null : directory.resolve(newest.text());
  }
}
