/** Random choices. The same numbers give the same choices. */
export interface Draw {
  /** A number from `least` to below `most`. */
  between(least: number, most: number): number;
  /** One of the names, each as probable as its weight says. */
  oneOf<Name extends string>(weights: Readonly<Record<Name, number>>): Name;
}

export function drawFrom(random: () => number): Draw {
  return {
    between: (least, most) => least + random() * (most - least),
    oneOf<Name extends string>(weights: Readonly<Record<Name, number>>): Name {
      // The cast is true: the keys of a record of names are names.
      const names = Object.keys(weights) as Name[];
      let rest = random() * names.reduce((sum, name) => sum + weights[name], 0);
      for (const name of names) {
        rest -= weights[name];
        if (rest < 0) return name;
      }
      throw new Error("nothing to choose from");
    },
  };
}
