/** The editor's language for all words of `core/`. It is loaded first: constants there are made as their files load. */

import * as vscode from "vscode";
import { speak } from "../core/words";

speak((text, ...values) => vscode.l10n.t(text, ...values));
