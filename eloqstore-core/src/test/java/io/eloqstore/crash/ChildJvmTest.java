/*
 * Licensed under the Apache License, Version 2.0.
 */
package io.eloqstore.crash;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The harness gives every line before a kill, real exit codes, and never waits for ever. */
class ChildJvmTest {
  private static final Duration LIMIT = Duration.ofMinutes(2);

  @TempDir Path temp;

  @Test
  void linesErrorsAndExitCodeArriveFromAChildThatEnds() throws Exception {
    try (ChildJvm child = start(LIMIT, "exit", "two words", "7")) {
      assertThat(child.awaitExit()).isEqualTo(7);
      assertThat(child.lines()).containsExactly("argument two words");
      assertThat(child.errorOutput()).contains("a word on stderr");
      assertThat(child.nextLine()).isNull();
      assertThat(child.cutLine()).isEmpty();
    }
  }

  @Test
  void killKeepsEveryLineWrittenBefore() throws Exception {
    Path file = temp.resolve("steps");
    try (ChildJvm child = start(LIMIT, "count", file.toString())) {
      assertThat(child.awaitLine("step 40")).isEqualTo("step 40");
      assertThat(child.alive()).isTrue();
      List<String> unread = child.kill();
      assertThat(child.alive()).isFalse();
      assertThat(child.exitCode()).isEqualTo(ChildJvm.KILLED);
      assertThat(child.lines()).hasSize(40 + unread.size());
      for (int i = 0; i < child.lines().size(); i++) {
        assertThat(child.lines().get(i)).isEqualTo("step " + (i + 1));
      }
      // At most the step that the kill hit was done and not, or not wholly, said.
      long said = child.lines().size();
      assertThat(Files.size(file)).isBetween(said, said + 1);
    }
  }

  @Test
  void lineCutByTheKillIsNoLine() throws Exception {
    try (ChildJvm child = start(LIMIT, "cut")) {
      assertThat(child.nextLine()).isEqualTo("whole");
      assertThat(child.kill()).isEmpty();
      assertThat(child.lines()).containsExactly("whole");
      assertThat(child.cutLine()).isEqualTo("hal");
    }
  }

  @Test
  void childInLockStepHearsTheTest() throws Exception {
    try (ChildJvm child = start(LIMIT, "echo")) {
      child.send("one");
      assertThat(child.nextLine()).isEqualTo("heard one");
      child.send("two");
      assertThat(child.nextLine()).isEqualTo("heard two");
      child.kill();
      assertThat(child.exitCode()).isEqualTo(ChildJvm.KILLED);
    }
  }

  @Test
  void missingLineIsAnErrorWithWhatTheChildSaid() throws Exception {
    try (ChildJvm child = start(LIMIT, "exit", "words", "0")) {
      assertThatThrownBy(() -> child.awaitLine("never"))
          .isInstanceOf(AssertionError.class)
          .hasMessageContaining("argument words")
          .hasMessageContaining("a word on stderr");
    }
  }

  @Test
  void childThatHangsIsEndedAtItsLimit() throws Exception {
    try (ChildJvm child = start(Duration.ofMillis(300), "hang")) {
      assertThatThrownBy(child::nextLine)
          .isInstanceOf(IOException.class)
          .hasMessageContaining("was ended after");
      assertThatThrownBy(child::awaitExit).isInstanceOf(IOException.class);
    }
  }

  @Test
  void closeLeavesNoChildBehind() throws Exception {
    ChildJvm child = start(LIMIT, "hang");
    assertThat(child.alive()).isTrue();
    child.close();
    assertThat(child.alive()).isFalse();
    assertThat(child.exitCode()).isEqualTo(ChildJvm.KILLED);
  }

  private static ChildJvm start(Duration limit, String... arguments) throws IOException {
    return ChildJvm.start(TalkingChild.class, limit, List.of("-Xmx64m"), arguments);
  }
}
