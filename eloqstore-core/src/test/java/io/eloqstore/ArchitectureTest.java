/*
 * Licensed under the Apache License, Version 2.0.
 */
package io.eloqstore;

import static org.assertj.core.api.Assertions.assertThat;

import com.tngtech.archunit.core.domain.Dependency;
import com.tngtech.archunit.core.domain.JavaClass;
import com.tngtech.archunit.core.domain.JavaClasses;
import com.tngtech.archunit.core.importer.ClassFileImporter;
import com.tngtech.archunit.core.importer.ImportOption;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeSet;
import org.junit.jupiter.api.Test;

/** The house stands on one rule: a package imports only packages of strictly lower rank. */
class ArchitectureTest {
  private static final String BASE = "io.eloqstore";

  private static final Map<String, Integer> RANKS =
      Map.ofEntries(
          Map.entry("cli", 15),
          Map.entry("", 14),
          Map.entry("shard", 13),
          Map.entry("task", 12),
          Map.entry("gc", 11),
          Map.entry("snapshot", 10),
          Map.entry("partition", 9),
          Map.entry("tree", 8),
          Map.entry("segment", 8),
          Map.entry("pagestore", 7),
          Map.entry("manifest", 6),
          Map.entry("cache", 5),
          Map.entry("buffer", 4),
          Map.entry("file", 4),
          Map.entry("page", 4),
          Map.entry("mapping", 4),
          Map.entry("io", 3),
          Map.entry("object", 3),
          Map.entry("codec", 2),
          Map.entry("memory", 1),
          Map.entry("metrics", 1),
          Map.entry("api", 0));

  private final JavaClasses classes =
      new ClassFileImporter()
          .withImportOption(ImportOption.Predefined.DO_NOT_INCLUDE_TESTS)
          .importPackages(BASE);

  @Test
  void everyImportPointsStrictlyDown() {
    List<String> findings = new ArrayList<>();
    for (JavaClass source : classes) {
      for (Dependency dependency : source.getDirectDependenciesFromSelf()) {
        JavaClass target = dependency.getTargetClass();
        if (!inHouse(target) || room(target).equals(room(source))) {
          continue;
        }
        Integer from = RANKS.get(room(source));
        Integer to = RANKS.get(room(target));
        if (from == null || to == null || to >= from) {
          findings.add(room(source) + " -> " + room(target) + ": " + dependency.getDescription());
        }
      }
    }
    assertThat(findings).isEmpty();
  }

  @Test
  void onlyTheCommandLineUsesTheFacade() {
    assertThat(packagesThatUse("io.eloqstore.EloqStore")).isSubsetOf("", "cli");
  }

  @Test
  void librariesStayInTheirRooms() {
    assertThat(packagesThatUse("net.openhft.chronicle.")).isSubsetOf("memory");
    assertThat(packagesThatUse("net.openhft.hashing.")).isSubsetOf("codec");
    assertThat(packagesThatUse("sun.misc.")).isEmpty();
    assertThat(packagesThatUse("picocli.")).isSubsetOf("cli");
    assertThat(packagesThatUse("com.github.luben.")).isSubsetOf("codec");
  }

  private TreeSet<String> packagesThatUse(String prefix) {
    TreeSet<String> rooms = new TreeSet<>();
    for (JavaClass source : classes) {
      for (Dependency dependency : source.getDirectDependenciesFromSelf()) {
        if (dependency.getTargetClass().getName().startsWith(prefix)) {
          rooms.add(room(source));
        }
      }
    }
    return rooms;
  }

  private static boolean inHouse(JavaClass type) {
    return type.getPackageName().equals(BASE) || type.getPackageName().startsWith(BASE + ".");
  }

  /** First package name below the base; sub-packages belong to the room of their parent. */
  private static String room(JavaClass type) {
    if (type.getPackageName().equals(BASE)) {
      return "";
    }
    String below = type.getPackageName().substring(BASE.length() + 1);
    int dot = below.indexOf('.');
    return dot < 0 ? below : below.substring(0, dot);
  }
}
