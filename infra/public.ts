/** The names that the package exports for a CDK app (docs/construct.md). */
export { Bindery } from './bindery.ts';
export type { BinderyJson } from './configuration.ts';
export type { BinderyProps } from './props.ts';
export { BinderyStack } from './stack.ts';
