// SPDX-License-Identifier: Apache-2.0
#pragma once

/// Before a function with plain loops: compiles a copy of it for each vector width; the machine's is chosen when the
/// program starts.
#if defined(__x86_64__)
#define LDPSIM_VECTOR_CLONES __attribute__((target_clones("avx512f", "avx2", "default")))
#else
#define LDPSIM_VECTOR_CLONES
#endif
