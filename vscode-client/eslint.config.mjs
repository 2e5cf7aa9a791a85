import tseslint from "typescript-eslint";

export default tseslint.config(
  { ignores: ["dist/", "node_modules/", "server/"] },
  ...tseslint.configs.strictTypeChecked,
  ...tseslint.configs.stylisticTypeChecked,
  {
    languageOptions: { parserOptions: { projectService: true, tsconfigRootDir: import.meta.dirname } },
    rules: {
      "max-lines": ["error", { max: 300, skipBlankLines: true, skipComments: true }],
      "max-lines-per-function": ["error", { max: 50, skipBlankLines: true, skipComments: true }],
      "max-params": ["error", 6],
      "@typescript-eslint/no-unnecessary-type-parameters": "off", // what a server answers is typed where it is asked
    },
  },
  {
    // Rules and pages know no editor: plain node tests them.
    files: ["src/core/**", "src/disk/**", "src/webview/**"],
    rules: { "no-restricted-imports": ["error", { paths: ["vscode", "vscode-languageclient"] }] },
  },
  {
    // Text becomes elements in one place, which takes nothing but what `html` made.
    files: ["src/**"],
    ignores: ["src/webview/trusted.ts"],
    rules: {
      "no-restricted-syntax": [
        "error",
        {
          selector:
            "MemberExpression[property.name=/^(innerHTML|outerHTML|insertAdjacentHTML|write)$/][object.type!='Super']",
          message: "src/webview/trusted.ts makes elements of text.",
        },
        {
          selector: "CallExpression[callee.object.name='Math'] > SpreadElement",
          message: "A call takes some 100,000 arguments; a list can be longer.",
        },
      ],
    },
  },
  {
    files: ["test/**"],
    rules: {
      "@typescript-eslint/no-floating-promises": [
        "error",
        { allowForKnownSafeCalls: [{ from: "package", package: "node:test", name: ["test", "after"] }] },
      ],
    },
  },
  { files: ["**/*.mjs"], ...tseslint.configs.disableTypeChecked },
);
