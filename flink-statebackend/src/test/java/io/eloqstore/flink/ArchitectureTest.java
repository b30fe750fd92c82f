/*
 * Licensed under the Apache License, Version 2.0.
 */
package io.eloqstore.flink;

import static org.assertj.core.api.Assertions.assertThat;

import com.tngtech.archunit.core.domain.Dependency;
import com.tngtech.archunit.core.domain.JavaClass;
import com.tngtech.archunit.core.domain.JavaClasses;
import com.tngtech.archunit.core.importer.ClassFileImporter;
import com.tngtech.archunit.core.importer.ImportOption;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.junit.jupiter.api.Test;

/** A package of the Flink guest imports only packages of strictly lower rank. */
class ArchitectureTest {
  private static final String BASE = "io.eloqstore.flink";

  private static final Map<String, Integer> RANKS =
      Map.of(
          "", 7,
          "backend", 6,
          "state", 5,
          "executor", 5,
          "checkpoint", 4,
          "key", 3,
          "resource", 2,
          "config", 1);

  /** Of the engine, the guest sees what its users see. */
  private static final Set<String> ENGINE_PACKAGES =
      Set.of("io.eloqstore", "io.eloqstore.api", "io.eloqstore.shard");

  private final JavaClasses classes =
      new ClassFileImporter()
          .withImportOption(ImportOption.Predefined.DO_NOT_INCLUDE_TESTS)
          .importPackages(BASE);

  @Test
  void everyImportPointsStrictlyDown() {
    List<String> findings = new ArrayList<>();
    int checked = 0;
    for (JavaClass source : classes) {
      for (Dependency dependency : source.getDirectDependenciesFromSelf()) {
        JavaClass target = dependency.getTargetClass();
        if (!inHouse(target) || room(target).equals(room(source))) {
          continue;
        }
        checked++;
        Integer from = RANKS.get(room(source));
        Integer to = RANKS.get(room(target));
        if (from == null || to == null || to >= from) {
          findings.add(room(source) + " -> " + room(target) + ": " + dependency.getDescription());
        }
      }
    }
    assertThat(findings).isEmpty();
    assertThat(checked).isPositive();
  }

  @Test
  void theEngineIsUsedThroughItsPublicPackages() {
    List<String> findings = new ArrayList<>();
    for (JavaClass source : classes) {
      for (Dependency dependency : source.getDirectDependenciesFromSelf()) {
        String target = dependency.getTargetClass().getPackageName();
        if (target.startsWith("io.eloqstore")
            && !inHouse(dependency.getTargetClass())
            && !ENGINE_PACKAGES.contains(target)) {
          findings.add(dependency.getDescription());
        }
      }
    }
    assertThat(findings).isEmpty();
  }

  private static boolean inHouse(JavaClass type) {
    return type.getPackageName().equals(BASE) || type.getPackageName().startsWith(BASE + ".");
  }

  private static String room(JavaClass type) {
    if (type.getPackageName().equals(BASE)) {
      return "";
    }
    String below = type.getPackageName().substring(BASE.length() + 1);
    int dot = below.indexOf('.');
    return dot < 0 ? below : below.substring(0, dot);
  }
}
