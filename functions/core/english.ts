import * as z from 'zod/mini';
import en from 'zod/v4/locales/en.js';

// What a schema says where it has no words of its own reaches clients and operators. zod/mini says "Invalid input" of
// everything until it has a language, and importing its `locales` would bring all of them.
z.config(en());
