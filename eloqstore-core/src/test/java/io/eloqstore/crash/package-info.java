/*
 * Licensed under the Apache License, Version 2.0.
 */

/** Kills the engine in a process of its own and looks at what it left. */
package io.eloqstore.crash;
