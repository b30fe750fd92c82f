/*
 * Licensed under the Apache License, Version 2.0.
 */

/**
 * Which slot of the data files holds which logical page, in immutable versions that share what did
 * not change; and who hands out page ids, file ids and slots.
 */
package io.eloqstore.mapping;
