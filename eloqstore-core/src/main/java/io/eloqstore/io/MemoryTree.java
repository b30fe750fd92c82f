/*
 * Licensed under the Apache License, Version 2.0.
 */
package io.eloqstore.io;

import io.eloqstore.api.StoreErrorCode;
import io.eloqstore.api.StoreException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import java.util.SortedMap;
import java.util.TreeMap;

/**
 * The names of an in-memory file system. Any thread: every method holds the tree's lock.
 *
 * <p>Paths are made absolute and normal first; the root is always there. With tracking, changes of
 * names are kept in order until the directory they lie in is forced.
 */
final class MemoryTree {
  /** One name that gets another meaning; {@code null} removes it. */
  private record Edit(MemoryNode.Directory directory, String name, MemoryNode node) {}

  private final boolean isTracked;
  private final MemoryNode.Directory root;
  // Each change is one or two edits that happen together: a rename is never seen half done.
  private final List<List<Edit>> journal = new ArrayList<>();
  private final Set<Path> locks = new HashSet<>();

  MemoryTree(boolean isTracked) {
    this(isTracked, new MemoryNode.Directory());
  }

  private MemoryTree(boolean isTracked, MemoryNode.Directory root) {
    this.isTracked = isTracked;
    this.root = root;
  }

  boolean isTracked() {
    return isTracked;
  }

  static Path normal(Path path) {
    return path.toAbsolutePath().normalize();
  }

  private static String name(Path path) {
    Path name = normal(path).getFileName();
    if (name == null) {
      throw failed(path, "the root cannot be changed");
    }
    return name.toString();
  }

  private static StoreException missing(Path path) {
    return new StoreException(StoreErrorCode.NOT_FOUND, path + ": no such file or directory");
  }

  private static StoreException failed(Path path, String why) {
    return new StoreException(StoreErrorCode.IO_FAILED, path + ": " + why);
  }

  /** Null when absent. */
  synchronized MemoryNode find(Path path) {
    MemoryNode node = root;
    for (Path name : normal(path)) {
      if (!(node instanceof MemoryNode.Directory directory)) {
        return null;
      }
      node = directory.entries.get(name.toString());
    }
    return node;
  }

  MemoryNode.Content file(Path path) {
    MemoryNode node = find(path);
    if (node == null) {
      throw missing(path);
    }
    if (!(node instanceof MemoryNode.Content content)) {
      throw failed(path, "is a directory");
    }
    return content;
  }

  private MemoryNode.Directory directory(Path path) {
    MemoryNode node = find(path);
    if (node == null) {
      throw missing(path);
    }
    if (!(node instanceof MemoryNode.Directory directory)) {
      throw failed(path, "is no directory");
    }
    return directory;
  }

  private MemoryNode.Directory parent(Path path) {
    Path parent = normal(path).getParent();
    return directory(parent == null ? normal(path) : parent);
  }

  private void change(Edit... edits) {
    for (Edit edit : edits) {
      apply(edit, edit.directory().entries);
    }
    if (isTracked) {
      journal.add(List.of(edits));
    }
  }

  private static void apply(Edit edit, Map<String, MemoryNode> entries) {
    if (edit.node() == null) {
      entries.remove(edit.name());
    } else {
      entries.put(edit.name(), edit.node());
    }
  }

  /** Makes a file, or finds it if {@code mayExist}. */
  synchronized MemoryNode.Content create(Path path, boolean mayExist) {
    MemoryNode.Directory parent = parent(path);
    if (parent.entries.containsKey(name(path))) {
      if (!mayExist) {
        throw failed(path, "exists already");
      }
      return file(path);
    }
    MemoryNode.Content content = new MemoryNode.Content(isTracked);
    change(new Edit(parent, name(path), content));
    return content;
  }

  synchronized void createDirectories(Path path) {
    Path normal = normal(path);
    for (int depth = 1; depth <= normal.getNameCount(); depth++) {
      Path step = normal.getRoot().resolve(normal.subpath(0, depth));
      if (find(step) == null) {
        change(new Edit(parent(step), name(step), new MemoryNode.Directory()));
      } else {
        directory(step);
      }
    }
  }

  synchronized List<DirectoryEntry> list(Path path) {
    List<DirectoryEntry> found = new ArrayList<>();
    for (Map.Entry<String, MemoryNode> entry : directory(path).entries.entrySet()) {
      boolean isFile = entry.getValue() instanceof MemoryNode.Content;
      long bytes = isFile ? ((MemoryNode.Content) entry.getValue()).length() : 0;
      found.add(new DirectoryEntry(entry.getKey(), !isFile, bytes));
    }
    return found;
  }

  synchronized void rename(Path from, Path to) {
    MemoryNode node = find(from);
    if (node == null) {
      throw missing(from);
    }
    MemoryNode.Directory target = parent(to);
    MemoryNode replaced = target.entries.get(name(to));
    if (replaced == node) {
      return;
    }
    if (node instanceof MemoryNode.Directory && normal(to).startsWith(normal(from))) {
      throw failed(to, "lies inside " + from);
    }
    if (replaced != null && !mayReplace(node, replaced)) {
      throw failed(to, "cannot be replaced by " + from);
    }
    change(new Edit(parent(from), name(from), null), new Edit(target, name(to), node));
  }

  private static boolean mayReplace(MemoryNode node, MemoryNode replaced) {
    if (replaced instanceof MemoryNode.Directory directory) {
      return node instanceof MemoryNode.Directory && directory.entries.isEmpty();
    }
    return node instanceof MemoryNode.Content;
  }

  synchronized void delete(Path path) {
    MemoryNode node = find(path);
    if (node == null) {
      throw missing(path);
    }
    if (node instanceof MemoryNode.Directory directory && !directory.entries.isEmpty()) {
      throw failed(path, "directory is not empty");
    }
    change(new Edit(parent(path), name(path), null));
  }

  synchronized void link(Path existing, Path link) {
    MemoryNode.Content content = file(existing);
    MemoryNode.Directory parent = parent(link);
    if (parent.entries.containsKey(name(link))) {
      throw failed(link, "exists already");
    }
    change(new Edit(parent, name(link), content));
  }

  /** Refuses when it is held. */
  synchronized void lock(Path path) {
    if (locks.contains(normal(path))) {
      throw new StoreException(StoreErrorCode.BUSY, "lock " + path + ": it is held");
    }
    create(path, true);
    locks.add(normal(path));
  }

  synchronized void unlock(Path path) {
    locks.remove(normal(path));
  }

  /**
   * Makes the names of a directory durable. A rename out of it takes its other directory along, and
   * that one the changes before, so that order is kept.
   */
  synchronized void forceDirectory(Path path) {
    Set<MemoryNode.Directory> forced = new HashSet<>();
    forced.add(directory(path));
    List<List<Edit>> durable = new ArrayList<>();
    for (int i = journal.size() - 1; i >= 0; i--) {
      List<Edit> change = journal.get(i);
      if (change.stream().anyMatch(edit -> forced.contains(edit.directory()))) {
        change.forEach(edit -> forced.add(edit.directory()));
        durable.add(0, journal.remove(i));
      }
    }
    for (List<Edit> change : durable) {
      change.forEach(edit -> apply(edit, edit.directory().durable));
    }
  }

  /** The tree found after a crash; nothing of it is shared with this one. */
  synchronized MemoryTree survivor(
      MemoryBackend.Survival unforced, MemoryBackend.Survival names, Random random) {
    if (!isTracked) {
      throw new IllegalStateException("this backend does not simulate crashes");
    }
    Map<MemoryNode.Directory, SortedMap<String, MemoryNode>> kept = new HashMap<>();
    for (List<Edit> change : journal) {
      boolean isKept =
          names == MemoryBackend.Survival.ALL
              || names == MemoryBackend.Survival.RANDOM && random.nextBoolean();
      if (isKept) {
        for (Edit edit : change) {
          apply(edit, kept.computeIfAbsent(edit.directory(), d -> new TreeMap<>(d.durable)));
        }
      }
    }
    Map<MemoryNode, MemoryNode> copies = new IdentityHashMap<>();
    return new MemoryTree(
        true, (MemoryNode.Directory) survivor(root, kept, copies, unforced, random));
  }

  private static MemoryNode survivor(
      MemoryNode node,
      Map<MemoryNode.Directory, SortedMap<String, MemoryNode>> kept,
      Map<MemoryNode, MemoryNode> copies,
      MemoryBackend.Survival unforced,
      Random random) {
    MemoryNode known = copies.get(node);
    if (known != null) {
      return known;
    }
    if (node instanceof MemoryNode.Content content) {
      MemoryNode copy = content.survivor(unforced, random);
      copies.put(node, copy);
      return copy;
    }
    MemoryNode.Directory source = (MemoryNode.Directory) node;
    MemoryNode.Directory copy = new MemoryNode.Directory();
    copies.put(node, copy);
    for (Map.Entry<String, MemoryNode> entry :
        kept.getOrDefault(source, source.durable).entrySet()) {
      copy.entries.put(entry.getKey(), survivor(entry.getValue(), kept, copies, unforced, random));
    }
    copy.durable.putAll(copy.entries);
    return copy;
  }
}
