set terminal svg size 582,582 fixed enhanced font 'Helvetica,13.3' background '#ffffff'
set encoding utf8
set multiplot
reset
set margins screen 0.104, screen 0.48053, screen 0.5764, screen 0.95189
set border 3 linecolor rgb '#555555' linewidth 0.7
set tics nomirror out scale 0.5,0.25 textcolor rgb '#222222'
set grid back linetype 1 linecolor rgb '#e8e8e8' linewidth 0.6
unset key
set title 'layer 1: 1 module' noenhanced offset 0,-0.4 textcolor rgb '#222222'
set label 2 'index' at screen 0.29226,0.51684 center noenhanced textcolor rgb '#222222'
set label 3 'eigenvalue' at screen 0.01947,0.76415 center rotate by 90 noenhanced textcolor rgb '#222222'
set xrange [0:4]
set xtics ('0' 0, '2' 2, '4' 4) noenhanced
set yrange [0:1.05]
set ytics ('0' 0, '0.5' 0.5, '1' 1) noenhanced
unset colorbox
set label 101 'cell cf63a14ccc4be1c0e, whose gap is the middle one of all; |W| of each layer below,' at screen 0.01833,0.04226 left noenhanced textcolor rgb '#555555' font ',10.9'
set label 102 'strongest where it is largest, units in the order of their modules' at screen 0.01833,0.01691 left noenhanced textcolor rgb '#555555' font ',10.9'
$series1_1 << EOD
1 5.6141e-17 5.6141e-17 5.6141e-17
2 0.99901 0.99901 0.99901
3 1 1 1
EOD
plot $series1_1 using 1:2 with impulses linecolor rgb '#999999' linewidth 0.9, \
     $series1_1 using 1:2 with points linecolor rgb '#0072b2' pointtype 7 pointsize 0.45
reset
set margins screen 0.58682, screen 0.96335, screen 0.5764, screen 0.95189
set border 3 linecolor rgb '#555555' linewidth 0.7
set tics nomirror out scale 0.5,0.25 textcolor rgb '#222222'
set grid back linetype 1 linecolor rgb '#e8e8e8' linewidth 0.6
unset key
set title 'layer 2: 1 module' noenhanced offset 0,-0.4 textcolor rgb '#222222'
set label 2 'index' at screen 0.77508,0.51684 center noenhanced textcolor rgb '#222222'
set xrange [0:3]
set xtics ('0' 0, '1' 1, '2' 2, '3' 3) noenhanced
set yrange [0:1.05]
set ytics ('0' 0, '0.5' 0.5, '1' 1) noenhanced
unset colorbox
$series2_1 << EOD
1 7.8502e-17 7.8502e-17 7.8502e-17
2 0.99996 0.99996 0.99996
EOD
plot $series2_1 using 1:2 with impulses linecolor rgb '#999999' linewidth 0.9, \
     $series2_1 using 1:2 with points linecolor rgb '#0072b2' pointtype 7 pointsize 0.45
reset
set margins screen 0.104, screen 0.48053, screen 0.10927, screen 0.48477
set border 15 linecolor rgb '#555555' linewidth 0.7
set tics nomirror out scale 0.5,0.25 textcolor rgb '#222222'
unset key
set label 2 'from unit' at screen 0.29226,0.08178 center noenhanced textcolor rgb '#222222'
set label 3 'to unit' at screen 0.01947,0.29702 center rotate by 90 noenhanced textcolor rgb '#222222'
set xrange [-0.5:1.5]
unset xtics
set yrange [2.5:-0.5]
unset ytics
set palette defined (0 '#ffffff', 0.3333 '#9ecae1', 0.6667 '#3182bd', 1 '#08306b')
set cbrange [0:0.33333]
unset colorbox
$matrix3_1 << EOD
0.33333 0.25
0.2 0.16667
0.14286 0.125
EOD
plot $matrix3_1 matrix with image pixels
reset
set margins screen 0.58682, screen 0.96335, screen 0.10927, screen 0.48477
set border 15 linecolor rgb '#555555' linewidth 0.7
set tics nomirror out scale 0.5,0.25 textcolor rgb '#222222'
unset key
set label 2 'from unit' at screen 0.77508,0.08178 center noenhanced textcolor rgb '#222222'
set xrange [-0.5:2.5]
unset xtics
set yrange [1.5:-0.5]
unset ytics
set palette defined (0 '#ffffff', 0.3333 '#9ecae1', 0.6667 '#3182bd', 1 '#08306b')
set cbrange [0:0.083333]
unset colorbox
$matrix4_1 << EOD
0.083333 0.076923 0.071429
0.066667 0.0625 0.058824
EOD
plot $matrix4_1 matrix with image pixels
unset multiplot
